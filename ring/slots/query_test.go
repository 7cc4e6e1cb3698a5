package slots

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
)

// querySchemes has a scheme of each kind, for nodes "a" to "d".
func querySchemes() []Scheme {
	return []Scheme{
		Modulo(""), Modulo("twemproxy-fnv1a_64"), Jump(""), EnvoyMaglev(307),
		RedisCluster([]Range{{0, 5000, "a"}, {5001, 9000, "b"}, {9001, 16383, "c"}}),
	}
}

type forms interface {
	Select(key string) (server, bool)
	SelectBytes(key []byte) (server, bool)
	SelectHash(h uint64) (server, bool)
	Hash(key string) uint64
	Slot(key string) (int, bool)
	Checksum() uint64
}

// queried returns the maps of all schemes, and partitions, with a function for keys.
func queried(t *testing.T, key func(string) string) map[string]forms {
	t.Helper()
	all := map[string]forms{}
	for _, scheme := range querySchemes() {
		m, err := New(equal("a", "b", "c", "d"), Config[server]{ID: server.ID, Scheme: scheme, Key: key})
		require.NoError(t, err)
		all[scheme.String()] = m
	}
	r, err := ring.New(equal("a", "b", "c", "d"), ring.Config[server]{ID: server.ID})
	require.NoError(t, err)
	p, err := NewPartitions(r, PartitionsConfig[server]{ID: server.ID, Partitions: 40, Key: key})
	require.NoError(t, err)
	all["partitions"] = p
	return all
}

// TestHashAndBytesSelectAsStringsDo compares the three forms of a key.
func TestHashAndBytesSelectAsStringsDo(t *testing.T) {
	t.Parallel()
	for _, cut := range []func(string) string{nil, prf.HashTag('{', '}')} {
		for name, m := range queried(t, cut) {
			for i := range 300 {
				key := fmt.Sprintf("key {user:%d}", i)
				want, ok := m.Select(key)
				require.True(t, ok)
				got, ok := m.SelectBytes([]byte(key))
				require.True(t, ok)
				require.Equal(t, want, got, name)
				got, ok = m.SelectHash(m.Hash(key))
				require.True(t, ok)
				require.Equal(t, want, got, name)
			}
		}
	}
}

// TestKeyDecidesTheSlot compares with uncut keys, and the checksums.
func TestKeyDecidesTheSlot(t *testing.T) {
	t.Parallel()
	whole, cutting := queried(t, nil), queried(t, prf.HashTag('<', '>'))
	for name, m := range cutting {
		for i := range 100 {
			part := fmt.Sprint("user:", i)
			want, _ := whole[name].Slot(part)
			got, ok := m.Slot("some <" + part + ">")
			require.True(t, ok)
			require.Equal(t, want, got, name)
			node, _ := whole[name].Select(part)
			same, _ := m.Select("some <" + part + ">")
			require.Equal(t, node, same, name)
		}
		assert.NotEqual(t, whole[name].Checksum(), m.Checksum(), name)
	}
}

// TestNoSlotsHaveNoHash: the zero values and nil pointers answer.
func TestNoSlotsHaveNoHash(t *testing.T) {
	t.Parallel()
	for _, m := range []forms{(*Map[server])(nil), &Map[server]{}, (*Partitions[server])(nil), &Partitions[server]{}} {
		assert.Zero(t, m.Hash("key"))
		_, ok := m.SelectHash(1)
		assert.False(t, ok)
		_, ok = m.SelectBytes(nil)
		assert.False(t, ok)
	}
}

func TestFormsOfKeysDoNotAllocate(t *testing.T) {
	key := []byte("some {user:42}")
	for _, m := range queried(t, prf.HashTag('{', '}')) {
		alloctest.None(t, func() { m.SelectBytes(key); m.SelectHash(42); m.Hash("user:42") })
	}
}
