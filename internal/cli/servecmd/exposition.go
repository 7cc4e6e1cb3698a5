package servecmd

import (
	"math"
	"strconv"
	"strings"
)

// expositionType is the media type of an exposition.
const expositionType = "text/plain; version=0.0.4; charset=utf-8"

// exposition is the text format of Prometheus, version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/
type exposition struct {
	text []byte
	name string
}

// family begins a metric.
func (e *exposition) family(name, kind, help string) {
	e.name = name
	e.text = append(e.text, "# HELP "+name+" "+strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help)+"\n# TYPE "+name+" "+kind+"\n"...)
}

// labelValue escapes the value of a label.
var labelValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// sample adds a value with labels, which are pairs of names and values.
func (e *exposition) sample(value float64, labels ...string) {
	e.text = append(e.text, e.name...)
	for i := 0; i+1 < len(labels); i += 2 {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		e.text = append(e.text, separator)
		e.text = append(e.text, labels[i]+`="`+labelValue.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD"))+`"`...)
	}
	if len(labels) > 0 {
		e.text = append(e.text, '}')
	}
	e.text = append(e.text, ' ')
	if math.IsNaN(value) {
		e.text = append(e.text, "NaN\n"...)
		return
	}
	e.text = append(strconv.AppendFloat(e.text, value, 'g', -1, 64), '\n')
}
