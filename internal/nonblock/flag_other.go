//go:build !unix

package nonblock

// Flag is 0: the system has no named pipes among its files.
const Flag = 0
