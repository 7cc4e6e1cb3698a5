package prf

import "github.com/cespare/xxhash/v2"

// XXHash64 is XXH64 (Collet, 2012), which many proxies and clients hash by. It is
// no [Method]: it serves agreement with those programs. It does not allocate.
func XXHash64(s string, seed uint64) uint64 {
	if seed == 0 {
		return xxhash.Sum64String(s)
	}
	var d xxhash.Digest
	d.ResetWithSeed(seed)
	_, _ = d.WriteString(s) // never fails
	return d.Sum64()
}
