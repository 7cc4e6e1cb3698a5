package checkfile

import "encoding/json"

// Schema returns the JSON Schema (draft 7) of a check file, ending in a newline.
// It accepts exactly the files that Parse accepts, except that it cannot tell
// that names of checks are unique and that spread has no more zones than
// replicas.
func (format *Format) Schema() string {
	f := &File{format: format}
	s := f.grammar().schema()
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "proxenos check file"
	s["description"] = "Checks of the placement of keys on nodes, run by proxenos check."
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // a schema holds only maps, lists, texts and finite numbers
	}
	return string(text) + "\n"
}
