//go:build !(386 || amd64 || arm64 || ppc64le)

package hash

// nativeWords is false for big-endian machines, for those that trap on
// unaligned reads, and for those nobody has tried.
const nativeWords = false
