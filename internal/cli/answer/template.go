package answer

import (
	"bytes"
	"strings"
	"text/template"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// TemplateFields lists the fields of -o template.
const TemplateFields = ".Key, .Nodes, .Short, .Algorithm, .Hash, .Checksum, .Addresses, .Partial, .Stale and .Breaks, and a node has .ID, .Address, .Weight, .Zone and .Domain"

const templateHint = "give a Go template, such as -o 'template={{.Key}}: {{range .Nodes}}{{.Address}} {{end}}'; there are " + TemplateFields

// plainWords replaces the names of Go types and of the template in errors.
var plainWords = strings.NewReplacer("template: output:", "template:", `"output" at `, "", " in type *answer.Answer", " in the output", " in type answer.NodeView", " in a node")

// templateError returns an error of package template in words of the command line.
func templateError(err error) error {
	return term.Hint(term.Usagef("%s", plainWords.Replace(err.Error())), templateHint)
}

// templateWriter parses the template and executes it once, so that an unknown
// field is an error before anything is written.
func templateWriter(text string) (newWriter, error) {
	parsed, err := template.New("output").Parse(text)
	if err == nil {
		err = parsed.Execute(&bytes.Buffer{}, &Answer{Nodes: make([]NodeView, 1)})
	}
	if err != nil {
		return nil, templateError(err)
	}
	return func(o *Output, p *place.Placement) *writer {
		return &writer{newRecord: func() record { return templateRecord(parsed, newAnswerer(o, p, true)) }}
	}, nil
}

// templateRecord appends the output of the template for one key, and a newline.
// Templates write text, so control characters in their data are escaped.
func templateRecord(parsed *template.Template, answers *answerer) record {
	var buf bytes.Buffer
	return func(dst []byte, key string, owners []int) ([]byte, error) {
		buf.Reset()
		if err := parsed.Execute(&buf, answers.fill(term.Printable(key), owners)); err != nil {
			return dst, templateError(err)
		}
		return append(append(dst, buf.Bytes()...), '\n'), nil
	}
}
