package answer

import (
	"bytes"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// jsonWriter writes a single document: the object of one key, or an array of the
// objects of all keys.
func jsonWriter(o *Output, p *place.Placement) *writer {
	if !o.Many {
		return &writer{newRecord: func() record { return jsonRecord(o, p, "", "  ") }}
	}
	f := frame{head: "[\n  ", separator: ",\n  ", tail: "\n]\n"}
	return pasted(p, f, func() record { return jsonRecord(o, p, "  ", "  ").withoutNewline }, plainJSON)
}

// jsonLinesWriter writes an object per line, each of which is complete.
func jsonLinesWriter(o *Output, p *place.Placement) *writer {
	return pasted(p, frame{}, func() record { return jsonRecord(o, p, "", "") }, plainJSON)
}

// plainJSON reports whether the keys are the same in a JSON string.
func plainJSON(keys []byte, delimiter byte) bool {
	return term.IsPlain(keys, delimiter, ' ', `"\`)
}

// jsonRecord writes the object of a key.
func jsonRecord(o *Output, p *place.Placement, prefix, indent string) record {
	answers, buffer := newAnswerer(o, p, false), term.NewJSONBuffer(prefix, indent)
	return func(dst []byte, key string, owners []int) ([]byte, error) {
		a := answers.fill(key, owners)
		a.KeyBase64 = term.Base64IfNotUTF8(key)
		object, err := buffer.Encode(a)
		return append(dst, object...), err
	}
}

// withoutNewline removes the newline at the end of a record, for formats with
// separators.
func (r record) withoutNewline(dst []byte, key string, owners []int) ([]byte, error) {
	dst, err := r(dst, key, owners)
	return bytes.TrimSuffix(dst, []byte("\n")), err
}
