package static

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
)

func TestListConformance(t *testing.T) {
	nodes := []mapper.Node{full, {Name: "a", Tags: []string{"x"}, Meta: map[string]string{"k": "v"}}}
	list, err := New(nodes)
	require.NoError(t, err)
	mappertest.Test(t, func(*testing.T) mappertest.Source {
		return mappertest.Source{Mapper: list, Fixed: nodes, KeepsOrder: true}
	})
}

func TestFileConformance(t *testing.T) {
	for _, ext := range []string{".txt", ".json"} {
		t.Run(ext, func(t *testing.T) {
			mappertest.Test(t, func(t *testing.T) mappertest.Source {
				f := &File{Path: filepath.Join(t.TempDir(), "nodes"+ext)}
				return mappertest.Source{Mapper: f, Publish: func(t testing.TB, nodes []mapper.Node) { save(t, f.Path, nodes) }, KeepsOrder: true}
			})
		})
	}
}

// save replaces the list by renaming a new one into place.
func save(t testing.TB, path string, nodes []mapper.Node) {
	t.Helper()
	b := bytes.NewBufferString("# nodes\n")
	err := WriteText(b, nodes)
	if filepath.Ext(path) == ".json" {
		b.Reset()
		err = WriteJSON(b, nodes)
	}
	require.NoError(t, err)
	replace(t, path, b.String())
}

func TestNewCopies(t *testing.T) {
	t.Parallel()
	nodes := []mapper.Node{{Name: "a", Tags: []string{"x"}, Meta: map[string]string{"k": "v"}}}
	list, err := New(nodes)
	require.NoError(t, err)
	nodes[0].Tags[0], nodes[0].Meta["k"] = "spoiled", "spoiled"
	got, err := list.Nodes(t.Context())
	require.NoError(t, err)
	require.Equal(t, []mapper.Node{{Name: "a", Tags: []string{"x"}, Meta: map[string]string{"k": "v"}}}, got)
}

func TestNewSettlesDuplicates(t *testing.T) {
	t.Parallel()
	list, err := New([]mapper.Node{{Name: "b"}, {Name: "a"}, {Name: "b"}})
	require.NoError(t, err)
	got, err := list.Nodes(t.Context())
	require.NoError(t, err)
	require.Equal(t, []mapper.Node{{Name: "b"}, {Name: "a"}}, got)
	_, err = New([]mapper.Node{{Name: "b"}, {Name: "b", Drain: true}})
	require.EqualError(t, err, `node 2: node "b" was given before with other data (node 1): remove one, or make them the same`)
}

func TestRead(t *testing.T) {
	t.Parallel()
	list, err := Read(strings.NewReader("a w=2\n"), "standard input")
	require.NoError(t, err)
	got, err := list.Nodes(t.Context())
	require.NoError(t, err)
	require.Equal(t, []mapper.Node{{Name: "a", Weight: 2}}, got)

	_, err = Read(strings.NewReader("a w=x\n"), "standard input")
	require.ErrorContains(t, err, `standard input:1:3: weight "x"`)
	_, err = Read(io.MultiReader(strings.NewReader("a\n"), failing{}), "standard input")
	require.EqualError(t, err, "standard input: broken")
	_, err = Read(endless{}, "standard input")
	require.ErrorContains(t, err, "standard input: larger than 67108864 bytes")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }
