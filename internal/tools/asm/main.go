// Command asm writes the assembly of internal/batch. Run it by make asm, or from
// this directory:
//
//	go run .
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// dir is the package that the assembly is part of.
const dir = "../../batch"

// files are what the command writes, by name.
var files = map[string]func(*file){
	"sip_avx512_amd64.s": func(f *file) { avx512{f}.sipHash() },
	"murmur_avx512_amd64.s": func(f *file) {
		avx512{f}.murmur32()
		avx512{f}.murmur128()
	},
	"best_avx512_amd64.s": func(f *file) {
		avx512{f}.best()
		avx512{f}.bound()
	},
	"few_avx512_amd64.s": func(f *file) {
		for n := 2; n <= 8; n++ {
			avx512{f}.few(n)
		}
		for n := 3; n <= 5; n++ {
			avx512{f}.bounds(n)
		}
	},
	"few_avx2_amd64.s": func(f *file) {
		for n := 2; n <= 4; n++ {
			avx2{f}.few(n)
		}
	},
	"sip_avx2_amd64.s": func(f *file) { avx2{f}.sipHash() },
	"murmur_avx2_amd64.s": func(f *file) {
		avx2{f}.murmur32()
		avx2{f}.murmur128()
	},
	"best_avx2_amd64.s": func(f *file) {
		avx2{f}.best()
		avx2{f}.bound()
	},
	"digits_avx512_amd64.s": func(f *file) { avx512{f}.digits() },
	"lines_avx512_amd64.s": func(f *file) {
		vector{f, 64}.cut()
		vector{f, 64}.paste()
	},
	"lines_avx2_amd64.s": func(f *file) {
		vector{f, 32}.cut()
		vector{f, 32}.paste()
	},
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("asm: ")
	for name, write := range files {
		text, err := assembly(write)
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// assembly returns the text of a file.
func assembly(write func(*file)) ([]byte, error) {
	f := &file{Context: build.NewContext(), constants: map[string]operand.Mem{}}
	f.ConstraintExpr("!purego")
	write(f)
	result, err := f.Result()
	if err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	if err := pass.Compile.Execute(result); err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return printer.NewGoAsm(printer.Config{Name: "internal/tools/asm"}).Print(result)
}
