//go:build !unix

package atomicfile

const nonBlocking = 0

// syncDir does nothing: folders cannot be synced here.
func syncDir(string) error { return nil }
