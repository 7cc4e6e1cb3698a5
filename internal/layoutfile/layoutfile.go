// Package layoutfile parses the YAML file that describes the layout of a program by
// the five settings of package ring.
package layoutfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/proxenos/proxenos/ring"
)

// MaxSize is the maximum size of a file in bytes.
const MaxSize = 64 << 10

// maxValue is the maximum length of a setting, which errors and figures repeat.
const maxValue = 200

// file is the form of the file. All keys are required.
type file struct {
	Label     string `yaml:"label"`
	PointHash string `yaml:"point_hash"`
	Points    string `yaml:"points"`
	KeyHash   string `yaml:"key_hash"`
	Lookup    string `yaml:"lookup"`
}

// Parse parses one YAML document. An unknown key and one that is missing are errors.
// The values themselves are validated when a ring is built.
func Parse(text []byte) (ring.Settings, error) {
	var f file
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return ring.Settings{}, oneLine(err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return ring.Settings{}, errors.New("more than one document")
	}
	for _, setting := range []struct{ name, value string }{
		{"label", f.Label}, {"point_hash", f.PointHash}, {"points", f.Points}, {"key_hash", f.KeyHash}, {"lookup", f.Lookup},
	} {
		if len(setting.value) > maxValue {
			return ring.Settings{}, fmt.Errorf("%s is longer than %d bytes", setting.name, maxValue)
		}
		if setting.value == "" {
			return ring.Settings{}, fmt.Errorf("no %s: want label, point_hash, points, key_hash and lookup", setting.name)
		}
	}
	return ring.Settings(f), nil
}

// oneLine returns the first of the errors that YAML reports on lines of their own.
func oneLine(err error) error {
	var all *yaml.TypeError
	if !errors.As(err, &all) || len(all.Errors) == 0 {
		return err
	}
	return errors.New(strings.ReplaceAll(all.Errors[0], "in type layoutfile.file", "in a layout: want label, point_hash, points, key_hash and lookup"))
}
