package place

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/layoutfile"
	"github.com/proxenos/proxenos/internal/redisslots"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/slots"
)

// files are the flags that name what an algorithm reads.
type files struct {
	layout string // --layout-file
	slots  string // --slots
}

// redisScheme begins a value of --slots that is the address of a server.
const redisScheme = "redis://"

// maxSlotsFile bounds the size of a file with slots: 16,384 lines of 256 bytes.
const maxSlotsFile = 4 << 20

// declare declares the flags that apply to the algorithms.
func (f *files) declare(fs *pflag.FlagSet, prefix string, algorithms []string) {
	for _, name := range algorithms {
		switch name {
		case "custom":
			fs.StringVar(&f.layout, prefix+"layout-file", "", "YAML `file` with the settings of the algorithm custom")
		case "redis-cluster":
			fs.StringVar(&f.slots, prefix+"slots", "", "slots of redis-cluster: a `file`, or redis://HOST:PORT to query a server")
		}
	}
}

// readFiles reads the files that the algorithm requires, and rejects others.
func (o *Flags) readFiles() (err error) {
	a := o.algorithm
	for flag, value := range map[string]string{"layout-file": o.files.layout, "slots": o.files.slots} {
		switch {
		case value != "" && a.file != flag:
			return term.Hint(term.Usagef("--%s does not apply to %s", flag, a.Name), "it applies to -a %s", map[string]string{"layout-file": "custom", "slots": "redis-cluster"}[flag])
		case value == "" && a.file == flag:
			return term.Hint(term.Usagef("-a %s needs --%s", a.Name, flag), "see proxenos help layouts")
		}
	}
	if o.files.layout != "" {
		o.layout, err = readLayout(o.files.layout)
	}
	if o.files.slots != "" {
		o.ranges, err = readSlots(o.files.slots)
	}
	return err
}

func readLayout(path string) (ring.Layout, error) {
	text, err := readBounded(path, layoutfile.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("--layout-file: %w", err)
	}
	settings, err := layoutfile.Parse(text)
	if err != nil {
		return nil, term.Hint(term.AsUsage(fmt.Errorf("--layout-file %s: %w", path, err)), "see proxenos help layouts")
	}
	return ring.Custom(settings), nil
}

func readSlots(value string) ([]slots.Range, error) {
	if address, ok := strings.CutPrefix(value, redisScheme); ok {
		ranges, err := redisslots.Query(strings.TrimSuffix(address, "/"))
		if err != nil {
			return nil, term.Hint(term.WithCode(term.ErrUnreachable, fmt.Errorf("--slots %s: %w", value, err)), "redis-cli cluster nodes > FILE and --slots FILE work too")
		}
		return ranges, nil
	}
	text, err := readBounded(value, maxSlotsFile)
	if err != nil {
		return nil, fmt.Errorf("--slots: %w", err)
	}
	ranges, err := slots.ParseRanges(string(text))
	if err != nil {
		return nil, term.Hint(term.AsUsage(fmt.Errorf("--slots %s: %w", value, err)), "see proxenos help layouts")
	}
	return ranges, nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s: larger than %d bytes", path, limit)
	}
	return text, err
}

// Nodes returns the nodes that --slots names, for a command without nodes of its
// own, in the order of their first slots.
func (o *Flags) Nodes() (nodes []mapper.Node) {
	seen := map[string]bool{}
	for _, r := range o.ranges {
		if !seen[r.ID] {
			seen[r.ID] = true
			nodes = append(nodes, mapper.Node{Name: r.ID})
		}
	}
	return nodes
}
