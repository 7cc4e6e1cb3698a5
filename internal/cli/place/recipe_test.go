package place

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// TestRecipes builds placements again from their recipes as JSON, in an environment
// that lacks the variables of the first.
func TestRecipes(t *testing.T) {
	t.Parallel()
	slots := filepath.Join(t.TempDir(), "slots")
	require.NoError(t, os.WriteFile(slots, []byte("0-8000 a\n8001-16383 b\n"), 0o644))
	layout := filepath.Join(t.TempDir(), "layout.yaml")
	require.NoError(t, os.WriteFile(layout, []byte("label: '{id}-{i}'\npoint_hash: md5-4le32\npoints: each(160)\nkey_hash: md5-le32\nlookup: at-or-after\n"), 0o644))
	nodes := []mapper.Node{{Name: "a", Addr: "10.0.0.1:80", Weight: 2}, {Name: "b", Addr: "10.0.0.2:80", Zone: "z", Meta: map[string]string{"k": "v"}}}
	with := func(env map[string]string) *term.Streams {
		return &term.Streams{Getenv: func(name string) string { return env[name] }}
	}
	for name, settings := range map[string]Settings{
		"default":        {},
		"hash":           {Hash: "sha256"},
		"ring":           {Algorithm: "ring", Points: 40, Unit: 2, HashTag: "{}"},
		"table":          {Algorithm: "table", TableBits: 8},
		"partitions":     {Algorithm: "partitions", Partitions: 64, Bound: 1.1},
		"ketama":         {Algorithm: "ketama", KeyHash: "crc", HashBy: "id"},
		"file of slots":  {Algorithm: "redis-cluster", Slots: slots},
		"layout file":    {Algorithm: "custom", LayoutFile: layout},
		"of the program": {Algorithm: "python-proxenos"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var o Flags
			std := with(map[string]string{"PROXENOS_PRF": "md5"})
			require.NoError(t, o.Apply(settings, std))
			p, err := o.Build(nodes)
			require.NoError(t, err)
			recipe, err := o.Recipe(p, std)
			require.NoError(t, err)
			text, err := json.Marshal(recipe)
			require.NoError(t, err)
			var carried Recipe
			require.NoError(t, json.Unmarshal(text, &carried))
			again, err := carried.Build(with(nil))
			require.NoError(t, err)
			assert.Equal(t, p.Checksum(), again.Checksum())
			assert.True(t, mapper.Equal(p.Nodes, again.Nodes))
		})
	}
}

// TestRecipesHoldNoSecrets: a worker without the secret key fails instead of placing
// keys by another one.
func TestRecipesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	const key = "000102030405060708090a0b0c0d0e0f"
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte(key), 0o600))
	std := &term.Streams{Getenv: func(name string) string {
		return map[string]string{"PROXENOS_SIPHASH_KEY_FILE": file}[name]
	}}
	var o Flags
	require.NoError(t, o.Apply(Settings{}, std))
	p, err := o.Build([]mapper.Node{{Name: "a"}, {Name: "b"}})
	require.NoError(t, err)
	recipe, err := o.Recipe(p, std)
	require.NoError(t, err)
	text, err := json.Marshal(recipe)
	require.NoError(t, err)
	assert.NotContains(t, string(text), key)
	_, err = recipe.Build(&term.Streams{Getenv: func(string) string { return "" }})
	assert.ErrorContains(t, err, "a worker places keys by other rules")
}
