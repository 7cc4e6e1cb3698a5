package servecmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
)

const (
	maxConfig  = 1 << 20 // bytes of a file of --config
	maxSets    = 256
	defaultSet = "default"
)

// setName is what paths and metrics can hold without escapes.
var setName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// readSets reads a file of named sets. Each set maps the long names of flags to
// their values. The sets are sorted by name.
func readSets(path string, std *term.Streams) ([]*set, error) {
	content, err := readConfig(path)
	if err != nil {
		return nil, term.Hint(fmt.Errorf("--config %w", err), "see proxenos serve --help for the form of the file")
	}
	file, err := parseSets(content)
	if err != nil {
		return nil, configError(path, err)
	}
	if len(file.Sets) == 0 || len(file.Sets) > maxSets {
		return nil, configError(path, fmt.Errorf("%d sets: want 1 to %d", len(file.Sets), maxSets))
	}
	var sets []*set
	for name, flags := range file.Sets {
		if !setName.MatchString(name) {
			return nil, configError(path, fmt.Errorf("set %q: a name has letters, digits, dots, dashes and underscores, at most 64", name))
		}
		about := std
		if len(file.Sets) > 1 {
			about = std.About(fmt.Sprintf("set %q", name))
		}
		s, err := readSet(name, flags, about)
		if err != nil {
			return nil, configError(path, fmt.Errorf("set %q: %w", name, err))
		}
		sets = append(sets, s)
	}
	slices.SortFunc(sets, func(a, b *set) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return sets, nil
}

// configError returns an error of the file, which is not one of the command line.
func configError(path string, err error) error {
	named := errors.New(path + ": " + err.Error())
	if hint := term.HintOf(err); hint != "" {
		return term.Hint(named, "%s", hint)
	}
	return term.Hint(named, "see proxenos serve --help for the form of the file")
}

// readConfig returns the content of a file.
func readConfig(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	content, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err == nil && len(content) > maxConfig {
		err = fmt.Errorf("%s: larger than %d bytes", path, maxConfig)
	}
	return content, err
}

// setsFile is the form of the file: the flags of each set by their long names.
type setsFile struct {
	Sets map[string]map[string]yaml.Node `yaml:"sets"`
}

// parseSets parses one YAML document without unknown fields.
func parseSets(content []byte) (*setsFile, error) {
	file := &setsFile{}
	d := yaml.NewDecoder(bytes.NewReader(content))
	d.KnownFields(true)
	if err := d.Decode(file); err != nil && !errors.Is(err, io.EOF) {
		return nil, oneLine(err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document")
	}
	return file, nil
}

// mismatch matches what YAML reports of a value that has another form.
var mismatch = regexp.MustCompile(`cannot unmarshal .* into .*`)

// oneLine returns the first of the errors that YAML reports on lines of their own.
func oneLine(err error) error {
	var all *yaml.TypeError
	if !errors.As(err, &all) || len(all.Errors) == 0 {
		return err
	}
	text := strings.ReplaceAll(all.Errors[0], "in type servecmd.setsFile", "in the file: want sets")
	return errors.New(mismatch.ReplaceAllString(text, "want the form sets: {NAME: {FLAG: VALUE}}"))
}

// readSet parses the flags of a set as a command line.
func readSet(name string, flags map[string]yaml.Node, std *term.Streams) (*set, error) {
	c := &cobra.Command{Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "proxenos serve"}} // for hints
	s, p := &source.Flags{}, &place.Flags{}
	bindSet(c, s, p)
	for flag, value := range flags {
		f := c.Flags().Lookup(flag)
		if f == nil {
			var names []string
			c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
			err := fmt.Errorf("unknown flag %q", flag)
			if near := term.Nearest(flag, names); near != "" {
				return nil, term.Hint(err, "did you mean %q?", near)
			}
			return nil, term.Hint(err, "the flags are those of proxenos serve, without dashes")
		}
		values, err := valuesOf(value)
		if len(values) > 1 && !repeatable(f) {
			err = errors.New("takes one value, not a list")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		for _, v := range values {
			if err := c.Flags().Set(flag, v); err != nil {
				return nil, term.ExplainFlagError(c, err)
			}
		}
	}
	return parseSet(c, name, s, p, std)
}

// valuesOf returns the values of a flag: a scalar, or a list for a flag that may be
// repeated.
func valuesOf(n yaml.Node) ([]string, error) {
	n = target(n)
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Value == "" || n.Tag == "!!null" {
			return nil, errors.New("no value")
		}
		return []string{n.Value}, nil
	case yaml.SequenceNode:
		var values []string
		for _, item := range n.Content {
			item := target(*item)
			if item.Kind != yaml.ScalarNode || item.Value == "" {
				return nil, errors.New("a list must hold values")
			}
			values = append(values, item.Value)
		}
		return values, nil
	default:
		return nil, errors.New("must be a value or a list of values")
	}
}

// repeatable reports whether a flag adds up its values. The last value of another one
// replaces those before it.
func repeatable(f *pflag.Flag) bool {
	_, list := f.Value.(pflag.SliceValue)
	return list || f.Value.Type() == "stringToString"
}

// target returns the node that an alias stands for, or the node itself.
func target(n yaml.Node) yaml.Node {
	if n.Kind == yaml.AliasNode {
		return *n.Alias
	}
	return n
}
