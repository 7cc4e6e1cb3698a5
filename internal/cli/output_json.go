package cli

import "bytes"

// jsonEncoder writes answers as JSON objects.
type jsonEncoder struct {
	*answerer
	*jsonBuffer
}

// newJSONEncoding writes one document: the object for one key, or an array of
// such objects.
func newJSONEncoding(o *outputOptions, p *placement) *encoding {
	if !o.many {
		return &encoding{newEncoder: func() encoder { return newJSONEncoder(o, p, "", "  ") }}
	}
	return &encoding{
		head: "[\n  ", separator: ",\n  ", tail: "\n]\n",
		newEncoder: func() encoder { return trimmed{newJSONEncoder(o, p, "  ", "  ")} },
	}
}

// newJSONLEncoding writes an object a line, each of which says everything.
func newJSONLEncoding(o *outputOptions, p *placement) *encoding {
	return &encoding{newEncoder: func() encoder { return newJSONEncoder(o, p, "", "") }}
}

func newJSONEncoder(o *outputOptions, p *placement, prefix, indent string) *jsonEncoder {
	return &jsonEncoder{newAnswerer(o, p, false), newJSONBuffer(prefix, indent)}
}

// encode appends the object of one key.
func (e *jsonEncoder) encode(dst []byte, key string, owners []int) ([]byte, error) {
	a := e.fill(key, owners)
	a.KeyBase64 = base64Unless(key)
	object, err := e.jsonBuffer.encode(a)
	return append(dst, object...), err
}

// trimmed leaves out the newline that ends a record, for encodings that have
// separators.
type trimmed struct{ encoder }

func (t trimmed) encode(dst []byte, key string, owners []int) ([]byte, error) {
	dst, err := t.encoder.encode(dst, key, owners)
	return bytes.TrimSuffix(dst, []byte("\n")), err
}
