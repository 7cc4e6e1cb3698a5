//go:build !unix

package static

// nonBlocking is not needed: the system has no named pipes among its files.
const nonBlocking = 0
