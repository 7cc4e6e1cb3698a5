package slots_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring/slots"
)

// TestOnePartition has the smallest number of partitions.
func TestOnePartition(t *testing.T) {
	t.Parallel()
	p := newPartitions(t, newSet(t, nil, workers(3)...), 1, 1)
	assert.Equal(t, 1, p.Slots())
	first, ok := p.Select("a")
	require.True(t, ok)
	second, ok := p.Select("b")
	require.True(t, ok)
	assert.Equal(t, first, second)
}

// TestPartitionChecksumOfKeysThatAreChanged: the checksum distinguishes a hash from one
// that lower-cases keys before.
func TestPartitionChecksumOfKeysThatAreChanged(t *testing.T) {
	t.Parallel()
	set, hash := newSet(t, nil, workers(3)...), prf.SipHash.Func(prf.Options{})
	sumOf := func(hash func(string) uint64) uint64 {
		p, err := slots.NewPartitions(set, slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: 8, Hash: hash})
		require.NoError(t, err)
		return p.Checksum()
	}
	assert.Equal(t, sumOf(nil), sumOf(hash), "the default")
	assert.NotEqual(t, sumOf(hash), sumOf(func(key string) uint64 { return hash(strings.ToLower(key)) }))
}

// TestModuloAtMaxSlots has the weight that makes the greatest number of slots, and one
// more.
func TestModuloAtMaxSlots(t *testing.T) {
	t.Parallel()
	newModulo := func(weight float64) (*slots.Map[worker], error) {
		return slots.New([]worker{{"a", weight, 0}}, slots.Config[worker]{ID: worker.ID, Weight: worker.Weight, Scheme: slots.Modulo("twemproxy-crc32a")})
	}
	m, err := newModulo(slots.MaxSlots)
	require.NoError(t, err)
	assert.Equal(t, slots.MaxSlots, m.Slots())
	_, err = newModulo(slots.MaxSlots + 1)
	assert.ErrorIs(t, err, slots.ErrTooManySlots)
}
