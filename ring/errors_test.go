package ring

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	one := []weighted{{"a:1", 1}}
	with := func(l Layout) Config[weighted] {
		cfg := weightedConfig
		cfg.Layout = l
		return cfg
	}
	hashed := func(l Layout) Config[weighted] {
		cfg := with(l)
		cfg.Hash = md5Word
		return cfg
	}
	of := func(id string, capacity float64) []weighted { return []weighted{{"z:9", 1}, {id, capacity}} }
	for _, c := range []struct {
		name  string
		nodes []weighted
		cfg   Config[weighted]
		want  error
		says  string
	}{
		{"no ID function", one, Config[weighted]{}, ErrNoID, "set Config.ID"},
		{"an empty ID", of("", 1), weightedConfig, ErrEmptyID, `node ""`},
		{"an ID twice", of("z:9", 1), weightedConfig, ErrDuplicateID, `node "z:9"`},
		{"a negative capacity", of("a:1", -1), weightedConfig, ErrWeight, "-1"},
		{"a capacity that is not a number", of("a:1", math.NaN()), weightedConfig, ErrWeight, "NaN"},
		{"an infinite capacity", of("a:1", math.Inf(1)), weightedConfig, ErrWeight, "+Inf"},
		{"no points", one, with(Hashed(0)), ErrLayout, "0 points, not 1 to 16777216"},
		{"negative points", one, with(Hashed(-5)), ErrLayout, "-5"},
		{"too many points a node", one, with(Hashed(MaxPoints + 1)), ErrLayout, "16777217"},
		{"too many points in all", of("a:1", 1e9), weightedConfig, ErrTooManyPoints, "160000000160 points, at most 16777216"},
		{"more points than an integer holds", of("a:1", 1e200), weightedConfig, ErrTooManyPoints, "at most 16777216"},

		{"an unknown mode", one, with(Ketama(9)), ErrLayout, "ketama-mode-9: not one of [ketama "},
		{"the first unknown mode", one, with(Ketama(KetamaMode(len(ketamaNames)))), ErrLayout, "ketama-mode-5: not one of [ketama "},
		{"a negative mode", one, with(Ketama(-1)), ErrLayout, "ketama-mode--1"},
		{"a hash with ketama-md5", one, hashed(Ketama(KetamaMD5)), ErrHashFixed, "ketama-md5"},
		{"a hash with ketama-weighted", one, hashed(Ketama(KetamaWeighted)), ErrHashFixed, "leave Config.Hash nil"},
		{"a weight that overflows float32", of("a:1", 1e39), with(Ketama(KetamaWeighted)), ErrWhole, "capacity 1e+39"},
		{"a weight beyond 32 bits", of("a:1", 1<<32), with(Ketama(KetamaWeighted)), ErrWhole, "4294967295"},
		{"half a weight", of("a:1", 0.5), with(Ketama(KetamaDefault)), ErrWhole, `node "a:1": capacity 0.5`},
		{"a port that is no number", of("a:http", 1), with(Ketama(KetamaDefault)), ErrAddress, `port "http"`},
		{"a port too large", of("a:65536", 1), with(Ketama(KetamaDefault)), ErrAddress, "0 to 65535"},
		{"a colon and no port", of("a:", 1), with(Ketama(KetamaDefault)), ErrAddress, `port ""`},
		{"a port and no host", of(":1", 1), with(Ketama(KetamaDefault)), ErrAddress, "the host is missing"},
		{"brackets and no host", of("[]:1", 1), with(Ketama(KetamaDefault)), ErrAddress, "the host is missing"},
		{"an open bracket", of("[::1", 1), with(Ketama(KetamaDefault)), ErrAddress, "brackets"},
		{"words after a bracket", of("[::1]x", 1), with(Ketama(KetamaDefault)), ErrAddress, "brackets"},
		{"more colons than a port needs", of("a:b:1", 1), with(Ketama(KetamaDefault)), ErrAddress, "brackets"},

		{"a hash with nginx", one, hashed(Nginx()), ErrHashFixed, "nginx"},
		{"half a weight for nginx", of("a:1", 1.5), with(Nginx()), ErrWhole, "1.5"},
		{"too much weight for nginx", of("a:1", 1e6), with(Nginx()), ErrTooManyPoints, "160000160 points"},

		{"a hash with continuum", one, hashed(Continuum(ContinuumPoints)), ErrHashFixed, "continuum(1000)"},
		{"no points", one, with(Continuum(0)), ErrLayout, "0 points"},
		{"negative points", one, with(Continuum010(-1)), ErrLayout, "-1 points"},
		{"too many points", one, with(Continuum(MaxPoints + 1)), ErrLayout, "16777217 points"},
		{"a server without a port", of("a", 1), with(Continuum(ContinuumPoints)), ErrAddress, "the port is missing"},
		{"a bare IPv6 host", of("::1", 1), with(Continuum(ContinuumPoints)), ErrAddress, "the port is missing"},
		{"one server, spelled in two ways", of("[z]:9", 1), with(Continuum(ContinuumPoints)), ErrDuplicateID, `the same server as "z:9"`},
		{"one point for two servers", []weighted{{"a:1", 1}, {"b:1", 1}}, with(Continuum(1)), ErrNoPoints, `node "a:1" of capacity 1`},
		{"fewer than four points each in 0.1.0", []weighted{{"a:1", 1}, {"b:1", 1}}, with(Continuum010(7)), ErrNoPoints, "continuum-0.1.0(7)"},

		{"a hash with hash-ring", one, hashed(HashRing()), ErrHashFixed, "hash-ring"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := New(c.nodes, c.cfg)
			require.ErrorIs(t, err, c.want)
			assert.ErrorContains(t, err, c.says)
			assert.Nil(t, r)
		})
	}
}

func TestNodeErrorHasTheID(t *testing.T) {
	t.Parallel()
	_, err := Of("a", "b", "a")
	var refused *NodeError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "a", refused.ID)
	assert.EqualError(t, err, `node "a": the ID occurs more than once`)
}

func TestTinyAndHugeCapacities(t *testing.T) {
	t.Parallel()
	for _, layout := range []Layout{Continuum(ContinuumPoints), HashRing()} {
		t.Run(layout.String(), func(t *testing.T) {
			cfg := weightedConfig
			cfg.Layout = layout
			r, err := New([]weighted{{"a:1", 1e-300}, {"b:1", 1e200}, {"c:1", 1e200}}, cfg)
			require.NoError(t, err)
			for n, share := range r.Shares() {
				if n.id == "a:1" {
					assert.Zero(t, share, "no point, as in the original")
				} else {
					assert.Positive(t, share)
				}
			}
			assert.Len(t, r.SelectN(nil, "key", 3), 2)
		})
	}
}
