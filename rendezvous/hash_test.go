package rendezvous_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/rendezvous"
)

func ExampleHash() {
	h, err := rendezvous.Hash("mmh3_64", rendezvous.HashOptions{Seed: 42})
	if err != nil {
		panic(err)
	}
	set, err := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Hash: h})
	if err != nil {
		panic(err)
	}
	owner, _ := set.Select("user:42")
	fmt.Println(owner.Host)
	// Output:
	// ant
}

func ExampleHash_secret() {
	key := [16]byte([]byte("sixteen secrets!")) // read it from a file
	h, err := rendezvous.Hash("siphash", rendezvous.HashOptions{Key: &key})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%016x\n", h("user:42"))
	// Output:
	// ee6a27bc60a70727
}

func ExampleHash_unknown() {
	_, err := rendezvous.Hash("sha-256", rendezvous.HashOptions{})
	fmt.Println(err)
	// Output:
	// unknown hash method "sha-256": did you mean sha256? (one of md5, sha1, sha224, sha256, sha384, sha512, mmh3_32, mmh3_64, mmh3_128, siphash)
}

func ExampleHashNames() {
	fmt.Println(rendezvous.HashNames())
	// Output:
	// [md5 sha1 sha224 sha256 sha384 sha512 mmh3_32 mmh3_64 mmh3_128 siphash]
}

func TestHashSpellings(t *testing.T) {
	for spelled, name := range map[string]string{
		"MD5": "md5", "Sha256": "sha256", "SIPHASH": "siphash", "mmh_32": "mmh3_32", "MMH_64": "mmh3_64", "mmh_128": "mmh3_128",
	} {
		want, err := rendezvous.Hash(name, rendezvous.HashOptions{})
		require.NoError(t, err)
		got, err := rendezvous.Hash(spelled, rendezvous.HashOptions{})
		require.NoError(t, err, spelled)
		assert.Equal(t, want("key"), got("key"), spelled)
	}
}

func TestHashDefaultIsTheSetsOwn(t *testing.T) {
	h, err := rendezvous.Hash("siphash", rendezvous.HashOptions{})
	require.NoError(t, err)
	named, err := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Hash: h})
	require.NoError(t, err)
	unnamed, err := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name})
	require.NoError(t, err)
	assert.Equal(t, unnamed.Checksum(), named.Checksum())
}

func TestHashesPlaceDifferently(t *testing.T) {
	key := [16]byte{15: 1}
	sums := map[uint64]string{}
	place := func(name string, opts rendezvous.HashOptions) {
		h, err := rendezvous.Hash(name, opts)
		require.NoError(t, err)
		set, err := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Hash: h})
		require.NoError(t, err)
		label := fmt.Sprintf("%s seed %d x86 %t secret %t", name, opts.Seed, opts.X86, opts.Key != nil)
		assert.Empty(t, sums[set.Checksum()], "%s is told apart", label)
		sums[set.Checksum()] = label
	}
	names := rendezvous.HashNames()
	require.Len(t, names, 10)
	for _, name := range names {
		place(name, rendezvous.HashOptions{})
	}
	place("siphash", rendezvous.HashOptions{Key: &key})
	place("mmh3_32", rendezvous.HashOptions{Seed: -1})
	place("mmh3_64", rendezvous.HashOptions{X86: true})
	place("mmh3_128", rendezvous.HashOptions{X86: true})
}
