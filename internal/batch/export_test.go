package batch

// Forms of the processor that runs the tests. A test that asked the functions instead
// would be skipped where they do nothing.
var (
	HaveHashes    = haveBest // the same instructions
	HaveBest      = haveBest
	HaveFewBounds = haveFewBounds
	HaveLines     = haveLines
	HaveDigits    = haveDigits
)
