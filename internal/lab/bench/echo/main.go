// Command echo copies standard input to standard output line by line. It does
// the minimum work of a program that processes lines: read chunks, find the end
// of each line, write every line. With -all it uses all cores.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	copyLines := echo
	if len(os.Args) > 1 && os.Args[1] == "-all" {
		copyLines = echoAll
	}
	if err := copyLines(os.Stdout, os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func echo(out io.Writer, in io.Reader) error {
	chunk, lines := make([]byte, 256<<10), make([]byte, 0, 512<<10)
	rest := 0
	for {
		n, err := in.Read(chunk[rest:])
		data := chunk[:rest+n]
		lines = lines[:0]
		for end := bytes.IndexByte(data, '\n'); end >= 0; end = bytes.IndexByte(data, '\n') {
			lines = append(lines, data[:end+1]...)
			data = data[end+1:]
		}
		if errors.Is(err, io.EOF) || len(data) == len(chunk) {
			lines = append(lines, data...) // a last line without newline, or a line longer than the chunk
			data = nil
		}
		rest = copy(chunk, data)
		if _, err := out.Write(lines); err != nil {
			return err
		}
		if err != nil {
			return ignoreEOF(err)
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
