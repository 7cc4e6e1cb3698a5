package answer

import (
	"bytes"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// jsonEncoder writes answers as JSON objects.
type jsonEncoder struct {
	*answerer
	*term.JSONBuffer
}

// newJSONEncoding writes one document: the object for one key, or an array of
// such objects.
func newJSONEncoding(o *Output, p *place.Placement) *Encoding {
	if !o.Many {
		return &Encoding{newEncoder: func() encoder { return newJSONEncoder(o, p, "", "  ") }}
	}
	return &Encoding{
		Head: "[\n  ", separator: ",\n  ", tail: "\n]\n",
		newEncoder: func() encoder { return trimmed{newJSONEncoder(o, p, "  ", "  ")} },
	}
}

// newJSONLEncoding writes an object a line, each of which says everything.
func newJSONLEncoding(o *Output, p *place.Placement) *Encoding {
	return &Encoding{newEncoder: func() encoder { return newJSONEncoder(o, p, "", "") }}
}

func newJSONEncoder(o *Output, p *place.Placement, prefix, indent string) *jsonEncoder {
	return &jsonEncoder{newAnswerer(o, p, false), term.NewJSONBuffer(prefix, indent)}
}

// encode appends the object of one key.
func (e *jsonEncoder) encode(dst []byte, key string, owners []int) ([]byte, error) {
	a := e.fill(key, owners)
	a.KeyBase64 = term.Base64IfNotUTF8(key)
	object, err := e.JSONBuffer.Encode(a)
	return append(dst, object...), err
}

// trimmed leaves out the newline that ends a record, for encodings that have
// separators.
type trimmed struct{ encoder }

func (t trimmed) encode(dst []byte, key string, owners []int) ([]byte, error) {
	dst, err := t.encoder.encode(dst, key, owners)
	return bytes.TrimSuffix(dst, []byte("\n")), err
}
