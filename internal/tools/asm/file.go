package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// file is a file of assembly. Its functions share constants.
type file struct {
	*build.Context
	constants map[string]Mem
}

// begin starts a function.
func (f *file) begin(name, signature string, doc ...string) {
	f.Function(name)
	f.Attributes(attr.NOSPLIT)
	f.SignatureExpr(signature)
	f.Doc(doc...)
}

// word loads a parameter into a general register.
func (f *file) word(name string) reg.GPVirtual {
	r := f.GP64()
	f.Load(f.Param(name), r)
	return r
}

// constant returns the address of 64-bit constants. One is for operands that are
// broadcast.
func (f *file) constant(name string, words ...uint64) Mem {
	if m, ok := f.constants[name]; ok {
		return m
	}
	m := f.StaticGlobal(name)
	f.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, word := range words {
		f.AddDatum(8*i, U64(word))
	}
	f.constants[name] = m
	return m
}
