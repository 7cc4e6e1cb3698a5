package rendezvous_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

func TestDefaultHashIsSipHash(t *testing.T) {
	t.Parallel()
	h, err := prf.New("siphash", prf.Options{})
	require.NoError(t, err)
	named, err := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Hash: h})
	require.NoError(t, err)
	unnamed, err := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name})
	require.NoError(t, err)
	assert.Equal(t, unnamed.Checksum(), named.Checksum())
}

func TestHashesHaveDifferentChecksums(t *testing.T) {
	t.Parallel()
	key := [16]byte{15: 1}
	sums := map[uint64]string{}
	place := func(name string, opts prf.Options) {
		h, err := prf.New(name, opts)
		require.NoError(t, err)
		set, err := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Hash: h})
		require.NoError(t, err)
		label := fmt.Sprintf("%s seed %d x86 %t secret %t", name, opts.Seed, opts.X86, opts.Key != nil)
		assert.Empty(t, sums[set.Checksum()], "%s has a checksum of its own", label)
		sums[set.Checksum()] = label
	}
	names := prf.Names()
	require.Len(t, names, 10)
	for _, name := range names {
		place(name, prf.Options{})
	}
	place("siphash", prf.Options{Key: &key})
	place("mmh3_32", prf.Options{Seed: -1})
	place("mmh3_64", prf.Options{X86: true})
	place("mmh3_128", prf.Options{X86: true})
}
