package main

import (
	"bytes"
	"io"
	"runtime"
)

// part is a piece of the input on its way to the output.
type part struct {
	in, out []byte
	err     error // the end of the input after the piece
	done    chan struct{}
}

// echoAll is echo in pieces of whole lines, each of which one of several goroutines
// copies line by line.
func echoAll(out io.Writer, in io.Reader) error {
	workers := runtime.GOMAXPROCS(0)
	depth := 2*workers + 2
	free, work, order := make(chan *part, depth), make(chan *part, depth), make(chan *part, depth)
	for range depth {
		free <- &part{in: make([]byte, 0, 512<<10), done: make(chan struct{}, 1)}
	}
	for range workers {
		go func() {
			for p := range work {
				p.copyLines()
				p.done <- struct{}{}
			}
		}()
	}
	go cut(in, free, work, order)
	for p := range order {
		<-p.done
		if _, err := out.Write(p.out); err != nil {
			return err
		}
		if p.err != nil {
			return ignoreEOF(p.err)
		}
		free <- p
	}
	return nil
}

// cut reads the input and passes it on in pieces of whole lines.
func cut(in io.Reader, free <-chan *part, work, order chan<- *part) {
	defer close(work)
	var rest []byte
	for p := range free {
		p.in = append(p.in[:0], rest...)
		rest = rest[:0]
		for p.err == nil {
			if len(p.in) == cap(p.in) {
				p.in = append(p.in, 0)[:len(p.in)]
			}
			var n int
			n, p.err = in.Read(p.in[len(p.in):min(cap(p.in), len(p.in)+256<<10)])
			p.in = p.in[:len(p.in)+n]
			if end := bytes.LastIndexByte(p.in, '\n') + 1; end > 0 && p.err == nil {
				rest = append(rest, p.in[end:]...)
				p.in = p.in[:end]
				break
			}
		}
		last := p.err != nil
		work <- p
		order <- p
		if last {
			return
		}
	}
}

// copyLines copies the lines of a piece, of which the last may lack its newline.
func (p *part) copyLines() {
	p.out = p.out[:0]
	data := p.in
	for end := bytes.IndexByte(data, '\n'); end >= 0; end = bytes.IndexByte(data, '\n') {
		p.out = append(p.out, data[:end+1]...)
		data = data[end+1:]
	}
	p.out = append(p.out, data...)
}
