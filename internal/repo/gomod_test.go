package repo

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// direct lists the modules that the root module imports, each with its purpose.
// A new one needs a decision: every importer links or downloads it.
var direct = map[string]string{
	"github.com/dchest/siphash":            "the default hash",
	"github.com/spaolacci/murmur3":         "the mmh3 hashes",
	"github.com/cespare/xxhash/v2":         "the hash of Envoy, gRPC and go-redis",
	"golang.org/x/sys":                     "what the processor can do",
	"go.yaml.in/yaml/v3":                   "node files in YAML, kubeconfig files",
	"github.com/fsnotify/fsnotify":         "node files that change",
	"github.com/hashicorp/consul/api":      "Consul",
	"github.com/hashicorp/memberlist":      "gossip membership",
	"golang.org/x/text":                    "Unicode: one spelling of a file name",
	"github.com/apache/thrift":             "the location service",
	"go.etcd.io/bbolt":                     "the data file of the store",
	"github.com/spf13/cobra":               "the command tree",
	"github.com/spf13/pflag":               "the types of its flags",
	"github.com/mattn/go-isatty":           "color on terminals only",
	"charm.land/bubbletea/v2":              "the screen of the gossip demo",
	"github.com/clipperhouse/displaywidth": "the columns of tables",

	"github.com/stretchr/testify":       "tests",
	"github.com/rogpeppe/go-internal":   "tests: scripts for the CLI",
	"github.com/anishathalye/porcupine": "tests: linearizability of the histories of the store",
	"golang.org/x/net":                  "tests: the messages of a DNS server",
	"github.com/creack/pty":             "tests: programs that draw on a terminal",
	"go.uber.org/goleak":                "tests: goroutine leaks",
}

type goMod struct {
	Module  struct{ Path string }
	Go      string
	Require []requirement
	Replace []struct{ Old, New version }
	Tool    []struct{ Path string }
}

type version struct{ Path, Version string }

type requirement struct {
	version
	Indirect bool
}

// readGoMod reads the go.mod of a directory.
func readGoMod(t *testing.T, dir string) (mod goMod) {
	t.Helper()
	out, err := run(filepath.Join(root, dir), "go", "mod", "edit", "-json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &mod))
	require.NotEmpty(t, mod.Module.Path)
	return mod
}

func TestDirectDependenciesAreDecided(t *testing.T) {
	t.Parallel()
	for _, r := range readGoMod(t, ".").Require {
		if !r.Indirect {
			assert.Contains(t, slices.Sorted(maps.Keys(direct)), r.Path)
		}
	}
}

// TestRootModuleStandsAlone: importers ignore a replace directive and would
// link code that was not tested; tools live in a module of their own, outside
// the module graph of importers.
func TestRootModuleStandsAlone(t *testing.T) {
	t.Parallel()
	mod := readGoMod(t, ".")
	assert.Empty(t, mod.Replace)
	assert.Empty(t, mod.Tool)
}

// TestGoVersionIsTheFloor: a higher version, and a patch level above all, is
// forced on every importer.
func TestGoVersionIsTheFloor(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "1.26.0", readGoMod(t, ".").Go)
}

// TestRequirementsStandInBlocks: a reader of go.mod sees what programs link
// apart from what only tests need.
func TestRequirementsStandInBlocks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	block := regexp.MustCompile(`(?s)// What only tests need\.\nrequire \((.*?)\)`).FindSubmatch(text)
	require.NotNil(t, block, "go.mod has no block for tests")
	var want []string
	for path, purpose := range direct {
		if strings.HasPrefix(purpose, "tests") {
			want = append(want, path)
		}
	}
	var got []string
	for line := range strings.Lines(strings.TrimSpace(string(block[1]))) {
		got = append(got, strings.Fields(line)[0])
	}
	assert.ElementsMatch(t, want, got)
}
