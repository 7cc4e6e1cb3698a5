//go:build 386 || amd64 || arm64 || ppc64le

package hash

// nativeWords says that this machine is known to read a word from any address,
// its low byte first.
const nativeWords = true
