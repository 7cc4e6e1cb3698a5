//go:build 386 || amd64 || arm64 || ppc64le

package prf

// nativeWords reports whether this architecture reads unaligned words,
// little-endian.
const nativeWords = true
