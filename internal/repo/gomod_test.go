package repo

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// direct are the modules of others that we import, each with what it is for. A
// new one is a decision: it brings code that we did not read into programs of
// people who trust us.
var direct = map[string]string{
	"github.com/dchest/siphash":       "the default hash",
	"github.com/spaolacci/murmur3":    "the mmh3 hashes",
	"golang.org/x/sys":                "what the processor can do",
	"go.yaml.in/yaml/v3":              "node files in YAML",
	"github.com/fsnotify/fsnotify":    "node files that change",
	"github.com/hashicorp/consul/api": "Consul",
	"github.com/hashicorp/memberlist": "gossip membership",
	"golang.org/x/text":               "Unicode: one spelling of a file name",
	"github.com/apache/thrift":        "the location service",
	"go.etcd.io/bbolt":                "the data file of the store",
	"github.com/spf13/cobra":          "the command tree",
	"github.com/spf13/pflag":          "the types of its flags",
	"github.com/mattn/go-isatty":      "colour on terminals only",
	"charm.land/bubbletea/v2":         "the screen of the gossip demo",

	"github.com/stretchr/testify":       "tests",
	"github.com/hashicorp/go-cleanhttp": "tests: HTTP clients that share no connections",
	"github.com/rogpeppe/go-internal":   "tests: scripts for the CLI",
	"github.com/anishathalye/porcupine": "tests: whether a history of the store is linearizable",
	"golang.org/x/net":                  "tests: the messages of a DNS server",
	"github.com/creack/pty":             "tests: programs that draw on a terminal",
	"go.uber.org/goleak":                "tests: no goroutine is left behind",
}

type goMod struct {
	Module  struct{ Path string }
	Require []struct {
		Path     string
		Indirect bool
	}
	Replace []struct{ Old struct{ Path string } }
	Tool    []struct{ Path string }
}

func readGoMod(t *testing.T) (mod goMod) {
	t.Helper()
	out, err := run(root, "go", "mod", "edit", "-json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &mod))
	require.Equal(t, module, mod.Module.Path)
	return mod
}

func TestDirectDependenciesAreDecided(t *testing.T) {
	for _, r := range readGoMod(t).Require {
		if !r.Indirect {
			assert.Contains(t, slices.Sorted(maps.Keys(direct)), r.Path)
		}
	}
}

// TestRootModuleStandsAlone: a replace is ignored in the programs of others,
// which would then link something that we did not test; tools have a module
// of their own so that nobody's graph carries them.
func TestRootModuleStandsAlone(t *testing.T) {
	mod := readGoMod(t)
	assert.Empty(t, mod.Replace)
	assert.Empty(t, mod.Tool)
}
