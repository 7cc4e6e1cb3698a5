//go:build !(386 || amd64 || arm64 || ppc64le)

package prf

// nativeWords is false for architectures that are big-endian, that trap on
// unaligned reads, or that are untested.
const nativeWords = false
