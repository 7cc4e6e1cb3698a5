package batch

// DigitsStride is the distance between two outputs of [Digits] in bytes.
const DigitsStride = 32

// perDigits is how many numbers the vector code writes at once.
const perDigits = 8

// Digits writes the 16 hexadecimal digits of outputs of splitmix64, one at every
// [DigitsStride] bytes of dst, and leaves the bytes between them as they are. The state
// is that of the first output, before its finalizer. It returns the number of outputs,
// which is a multiple of eight, for the most that have their stride in dst: 0 where the
// processor has no suitable instructions.
func Digits(dst []byte, state uint64) (done int) {
	n := len(dst) / DigitsStride &^ (perDigits - 1)
	if n == 0 || !haveDigits() {
		return 0
	}
	digits(dst, state, n)
	return n
}
