package main

import "github.com/proxenos/proxenos/rendezvous/prf"

// mixer scores every prepared seed for one key's hash.
type mixer struct {
	name    string
	prepare func(seed uint64) uint64
	score   func(scores, seeds []uint64, h uint64)
}

const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio

// The candidates come first, then the controls, which must fail: they show
// that the experiment can tell.
var mixers = []mixer{
	{"two multiplies", prf.Finalize, twoMultiplies},
	{"expanded", prf.Finalize, expanded},
	{"control: expanded, raw seeds", raw, expanded},
	{"control: constant multiplier, raw", raw, constant},
}

func raw(seed uint64) uint64 { return seed }

// twoMultiplies is the finaliser over the exclusive or of both.
func twoMultiplies(scores, seeds []uint64, h uint64) {
	h = prf.Finalize(h)
	for i, s := range seeds {
		scores[i] = prf.Finalize(s ^ h)
	}
}

// expanded multiplies by an odd number that is itself drawn from the key.
func expanded(scores, seeds []uint64, h uint64) {
	h = prf.Finalize(h)
	m := prf.Finalize(h+golden) | 1
	for i, s := range seeds {
		scores[i] = (s ^ h) * m
	}
}

// constant is the one multiply without the expansion, over what it was given.
func constant(scores, seeds []uint64, h uint64) {
	for i, s := range seeds {
		scores[i] = (s ^ h) * golden
	}
}
