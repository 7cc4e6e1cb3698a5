package answer

import (
	"bytes"
	"text/template"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// templateEncoder writes answers with a template of the user's own.
type templateEncoder struct {
	*answerer
	template *template.Template
	buf      bytes.Buffer
}

const templateHint = "a Go template over an answer, like -o 'template={{.Key}}: {{range .Nodes}}{{.Address}} {{end}}'"

// newTemplateEncoding parses the template and tries it on an answer, so that
// a field that does not exist is refused before anything is written.
func newTemplateEncoding(text string) (encodingMaker, error) {
	parsed, err := template.New("output").Parse(text)
	if err == nil {
		err = parsed.Execute(&bytes.Buffer{}, &answer{Nodes: make([]NodeView, 1)})
	}
	if err != nil {
		return nil, term.Hint(term.AsUsage(err), templateHint)
	}
	return func(o *Output, p *place.Placement) *Encoding {
		return &Encoding{newEncoder: func() encoder {
			return &templateEncoder{answerer: newAnswerer(o, p, true), template: parsed}
		}}
	}, nil
}

// encode appends what the template makes of one key, and a newline. Templates
// write text, so they see keys and nodes with control characters escaped.
func (e *templateEncoder) encode(dst []byte, key string, owners []int) ([]byte, error) {
	e.buf.Reset()
	if err := e.template.Execute(&e.buf, e.fill(term.Printable(key), owners)); err != nil {
		return dst, term.Hint(term.AsUsage(err), templateHint)
	}
	return append(append(dst, e.buf.Bytes()...), '\n'), nil
}
