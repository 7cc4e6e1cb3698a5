package sd

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
	"github.com/proxenos/proxenos/mapper/static"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance reads a file, as Prometheus does.
func TestConformance(t *testing.T) {
	mappertest.Test(t, func(t *testing.T) mappertest.Source {
		path := filepath.Join(t.TempDir(), "targets.json")
		write := func(t testing.TB, list []byte) {
			require.NoError(t, os.WriteFile(path+".new", list, 0o600))
			require.NoError(t, os.Rename(path+".new", path))
		}
		listOf := func(t testing.TB, nodes []mapper.Node) []byte {
			var b bytes.Buffer
			require.NoError(t, Write(&b, nodes))
			return b.Bytes()
		}
		return mappertest.Source{
			Mapper:  &static.File{Path: path, Parse: Labels{}.Parse},
			Publish: func(t testing.TB, nodes []mapper.Node) { write(t, listOf(t, nodes)) },
			PublishBroken: func(t testing.TB, nodes []mapper.Node) {
				list := bytes.TrimRight(listOf(t, nodes), "]\n")
				if len(nodes) > 0 {
					list = append(list, ',')
				}
				write(t, append(list, `{"targets": ["broken.test:0"]}]`...))
			},
			Want: func(published []mapper.Node) []mapper.Node {
				want := mapper.Clone(published)
				for i := range want {
					want[i].Addr = want[i].Address()
				}
				return want
			},
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	lists := []string{`[
		{"targets": ["10.0.0.2:80", "10.0.0.1:80"], "labels": {"az": "eu-1", "capacity": "2.5", "job": "web", "__meta_consul_dc": "dc1"}},
		{"targets": ["[::1]:80"], "labels": {"capacity": "0", "path": "eu/eu-2/r7"}, "source": "elsewhere"},
		{"targets": ["host"], "labels": {"off": "true"}},
		{"targets": []}
	]`, `
- targets: ['10.0.0.2:80', '10.0.0.1:80']
  labels: {az: eu-1, capacity: "2.5", job: web, __meta_consul_dc: dc1}
- targets: ['[::1]:80']
  labels: {capacity: "0", path: eu/eu-2/r7}
- targets: [host]
  labels: {off: "true"}
`}
	meta := map[string]string{"job": "web", "__meta_consul_dc": "dc1"}
	want := []mapper.Node{
		{Name: "10.0.0.1:80", Addr: "10.0.0.1:80", Weight: 2.5, Zone: "eu-1", Meta: meta},
		{Name: "10.0.0.2:80", Addr: "10.0.0.2:80", Weight: 2.5, Zone: "eu-1", Meta: meta},
		{Name: "[::1]:80", Addr: "[::1]:80", Domain: "eu/eu-2/r7", Drain: true},
		{Name: "host", Addr: "host", Drain: true},
	}
	for _, list := range lists {
		nodes, err := Labels{Weight: "capacity", Zone: "az", Domain: "path", Drain: "off"}.Parse([]byte(list), "t")
		require.NoError(t, err)
		require.Equal(t, want, nodes)
	}
	for _, list := range []string{"[]", " []\n", "# none\n[]"} {
		nodes, err := Labels{}.Parse([]byte(list), "t")
		require.NoError(t, err, list)
		require.Empty(t, nodes)
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	nodes, err := Labels{Identity: "instance"}.Parse([]byte(`[{"targets": ["h:2"], "labels": {"instance": "web-1"}}, {"targets": ["h:1"]}]`), "t.json")
	var partial *mapper.PartialError
	require.ErrorAs(t, err, &partial)
	require.EqualError(t, partial.Skipped[0], `t.json: target "h:1" of group 2: it lacks the label "instance", which holds the ID`)
	require.Equal(t, []mapper.Node{{Name: "web-1", Addr: "h:2"}}, nodes)

	for list, want := range map[string]string{
		`[{"targets": ["h:1", "h:1"]}]`:                                      `t.json: target "h:1" of group 1: node "h:1" was given before, by target "h:1": remove one of them`,
		`[{"targets": ["h:1"]}, {"targets": ["h:1"], "labels": {"a": "b"}}]`: `t.json: target "h:1" of group 2: node "h:1" was given before, by target "h:1": remove one of them`,
		`[{"targets": ["h:1", "h:2"], "labels": {"` + LabelID + `": "a"}}]`:  `t.json: target "h:2" of group 1: node "a" was given before, by target "h:1": remove one of them`,
	} {
		_, err = Labels{}.Parse([]byte(list), "t.json")
		require.EqualError(t, err, want)
	}
	require.False(t, errors.As(err, &partial))
}

func TestParseRejects(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"":                              "it is empty",
		"\n ":                           "it is empty",
		"{}":                            "not a list of target groups",
		`{"targets": ["h:1"]}`:          "not a list of target groups",
		`["h:1"]`:                       "not a list of target groups",
		`[{"targets": "h:1"}]`:          "not a list of target groups",
		`[{"targets": ["h:1"]}`:         "unexpected EOF",
		`[{"targets": ["h:1"]}] []`:     "text follows the list",
		`[{"target": ["h:1"]}]`:         "unknown field",
		"- target: [h:1]":               "not found",
		"a: b":                          "not a list of target groups",
		`[{"targets": [1]}]`:            "not a list of target groups",
		"- targets: [h:1]\n  labels: 7": "not a list of target groups",
		"\x00":                          "not a list of target groups",
		strings.Repeat("#\n", 1<<20):    "larger than 1 MiB",
	} {
		nodes, err := Labels{}.Parse([]byte(list), "t.json")
		require.ErrorContains(t, err, want, "%.40q", list)
		require.ErrorContains(t, err, "t.json: ")
		require.NotContains(t, err.Error(), "\n")
		require.Empty(t, nodes)
	}
	for labels, want := range map[string]string{
		`{"__meta_proxenos_weight": "heavy"}`: `label "__meta_proxenos_weight": "heavy" must be a number`,
		`{"__meta_proxenos_weight": "-1"}`:    `"-1" must be a number`,
		`{"__meta_proxenos_weight": "NaN"}`:   `"NaN" must be a number`,
		`{"__meta_proxenos_drain": "maybe"}`:  `"maybe" must be true or false`,
		`{"__meta_proxenos_id": ""}`:          "the ID is empty",
	} {
		nodes, err := Labels{}.Parse(fmt.Appendf(nil, `[{"targets": ["h:1"], "labels": %s}, {"targets": ["h:2"]}]`, labels), "t")
		var partial *mapper.PartialError
		require.ErrorAs(t, err, &partial)
		require.ErrorContains(t, partial.Skipped[0], want)
		require.Len(t, nodes, 1)
	}
}

// TestWriteParse: what was written is read back.
func TestWriteParse(t *testing.T) {
	t.Parallel()
	nodes := []mapper.Node{
		{Name: "a", Addr: "h:1", Weight: 2.5, Zone: "eu", Tags: []string{"x", "y"}, Meta: map[string]string{"rack": "r<7>", "job": "w"}},
		{Name: "b", Addr: "[::1]:80", Domain: "eu/eu-2/r7", Drain: true},
		{Name: "c", Addr: "c"},
	}
	var b bytes.Buffer
	require.NoError(t, Write(&b, nodes))
	require.Contains(t, b.String(), "r<7>")
	got, err := Labels{}.Parse(b.Bytes(), "t")
	require.NoError(t, err)
	require.Equal(t, nodes, got)

	b.Reset()
	require.NoError(t, Write(&b, nil))
	require.Equal(t, "[]\n", b.String())
	require.EqualError(t, Write(&b, []mapper.Node{{Name: "a", Meta: map[string]string{"x-y": "1", "x.y": "2"}}}),
		`node "a": two keys of its metadata become the label "__meta_proxenos_meta_x_y"`)

	// A label that has the name of another's metadata keeps its own.
	got, err = Labels{}.Parse([]byte(`[{"targets": ["h:1"], "labels": {"a": "1", "__meta_proxenos_meta_a": "2", "__meta_proxenos_meta_": "3"}}]`), "t")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": "1", "__meta_proxenos_meta_a": "2", "__meta_proxenos_meta_": "3"}, got[0].Meta)
}

func TestIsSD(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]bool{
		`[{"targets": ["h:1"]}]`: true, "- targets: [h:1]\n": true,
		`[{"id": "a"}]`: false, "a h:1\nb h:2\n": false, "": false, "[]": false,
	} {
		require.Equal(t, want, IsSD([]byte(list), "f"), list)
	}
	require.False(t, IsSD([]byte("- targets: [h:1]\n"), "f.txt"))
}

// FuzzParse: any list is valid nodes or an error, and what is written is read
// back.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`[{"targets": ["10.0.0.1:80"], "labels": {"__meta_proxenos_weight": "2", "a": "b"}}]`))
	f.Add([]byte("- targets: ['[::1]:80', h]\n  labels: {__meta_proxenos_tags: ',a,b,'}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		nodes, err := Labels{}.Parse(data, "t")
		var partial *mapper.PartialError
		if err != nil && !errors.As(err, &partial) {
			require.Empty(t, nodes)
			return
		}
		for _, n := range nodes {
			require.NoError(t, nodelist.Check(nodelist.Node(n)))
		}
	})
}
