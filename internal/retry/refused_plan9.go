package retry

// isRefused returns false: the system has no error of its own for that.
func isRefused(error) bool { return false }
