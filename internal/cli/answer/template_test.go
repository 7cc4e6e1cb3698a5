package answer

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// counts matches templates that can loop for long: over a number, or by calling
// themselves.
var counts = regexp.MustCompile(`range|template|block|[0-9]{4}`)

// FuzzTemplate checks that a template is refused, or that its records end in a
// newline and that a key adds no control characters to them.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{
		"", "{{.Key}}", "{{.Key}}: {{(index .Nodes 0).Address}}", "{{range .Nodes}}{{.ID}}{{end}}", "{{.Nosuch}}", "{{", "{{len .Nodes}}",
		`{{printf "%q %5.2f" .Key 1.5}}`, "{{with .Nodes}}{{(index . 1).Name}}{{end}}", "{{/* nothing */}}", `{{if eq .Key "a"}}a{{else}}b{{end}}`, "{{.Key | html | urlquery}}", "{{$x := .Key}}{{$x}}", "{{index .Nodes 7}}",
	} {
		f.Add(text, "user:42")
		f.Add(text, "\x1b[31m\n\x00\u202e")
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		if counts.MatchString(text) {
			return
		}
		newWriter, err := templateWriter(text)
		if err != nil {
			return
		}
		p := placed(t, "rendezvous", []mapper.Node{{Name: "a", Addr: "h:1"}, {Name: "b"}})
		dst, err := newWriter(&Output{Many: true, Count: 2}, p).newRecord()([]byte("before"), key, []int{0, 1})
		require.True(t, strings.HasPrefix(string(dst), "before"))
		if err != nil {
			require.Equal(t, "before", string(dst), "an error appends nothing")
			return
		}
		require.True(t, strings.HasSuffix(string(dst), "\n"))
		if !strings.ContainsFunc(text, isControl) && !strings.Contains(text, `\`) && !strings.Contains(text, "print") && !strings.Contains(text, "slice") {
			require.False(t, strings.ContainsFunc(strings.TrimSuffix(string(dst), "\n"), isControl), "%q", dst)
		}
	})
}

func TestTemplateFieldsAreListed(t *testing.T) {
	t.Parallel()
	for _, of := range []reflect.Type{reflect.TypeFor[Answer](), reflect.TypeFor[NodeView]()} {
		for i := range of.NumField() {
			switch name := of.Field(i).Name; name {
			case "Schema", "KeyBase64": // of JSON only
			default:
				require.Regexp(t, `\.`+name+`\b`, TemplateFields)
			}
		}
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
