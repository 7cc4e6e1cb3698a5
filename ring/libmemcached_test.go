package ring

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// sparing returns n, or a twentieth of it with -short.
func sparing(n int) int {
	if testing.Short() {
		return n / 20
	}
	return n
}

// missingPeer skips a test whose peer program is not installed, or fails it if
// PROXENOS_REQUIRE_PEERS=1.
func missingPeer(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("PROXENOS_REQUIRE_PEERS") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// peerKeys are keys that travel through a line of text and an HTTP header,
// bytes beyond ASCII among them.
func peerKeys() []string {
	keys := []string{"a", "my-first-key", "touché", "日本語", "\x80\xff\xfe", "/a/b?c=d&e=f", strings.Repeat("y", 250)}
	for i := range sparing(3000) {
		keys = append(keys, fmt.Sprintf("user:%d", i*7919), fmt.Sprintf("é%d", i))
	}
	return keys
}

// buildKetama compiles a program that uses libmemcached.
func buildKetama(t *testing.T) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		missingPeer(t, "no C compiler: %v", err)
	}
	program := filepath.Join(t.TempDir(), "ketama")
	out, err := exec.Command(compiler, "-o", program, "testdata/ketama.c", "-lmemcached").CombinedOutput()
	if err != nil {
		missingPeer(t, "no libmemcached to build with: %v\n%s", err, out)
	}
	return program
}

// askKetama returns the index of the server that owns each key.
func askKetama(t *testing.T, program, mode, hash string, servers []server, keys []string) []int {
	t.Helper()
	args := []string{mode, hash}
	for _, s := range servers {
		args = append(args, ketamaArguments(t, s)...)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(strings.Join(keys, "\n") + "\n")
	out, err := cmd.Output()
	require.NoError(t, err, "%s with %d servers", program, len(servers))
	owners := ints(t, string(out))
	require.Len(t, owners, len(keys))
	return owners
}

// ketamaArguments returns a server as host, port and weight.
func ketamaArguments(t *testing.T, s server) []string {
	t.Helper()
	weight := strconv.Itoa(int(s.capacity))
	if path := strings.TrimPrefix(s.id, "unix:"); strings.HasPrefix(path, "/") {
		return []string{path, "0", weight}
	}
	host, port, err := net.SplitHostPort(s.id)
	if err != nil {
		return []string{s.id, "11211", weight}
	}
	return []string{host, port, weight}
}

// serversOf returns servers from alternating IDs and capacities.
func serversOf(list ...any) []server {
	var servers []server
	for i := 0; i < len(list); i += 2 {
		servers = append(servers, server{list[i].(string), float64(list[i+1].(int)), i / 2})
	}
	return servers
}

// equalServers returns n servers on the default port.
func equalServers(n int) []server {
	var servers []server
	for i := range n {
		servers = append(servers, server{fmt.Sprintf("cache-%03d.example:11211", i), 1, i})
	}
	return servers
}

// signedFNV is 32-bit FNV-1a over signed bytes, as in libmemcached. The layout must
// ignore the upper half of the result.
func signedFNV(key string) uint64 {
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(int32(int8(key[i])))) * 16777619
	}
	return 0xdeadbeef<<32 | uint64(h)
}

func TestKetamaAgainstLibmemcached(t *testing.T) {
	t.Parallel()
	program := buildKetama(t)
	modes := []struct {
		name, mode, hash string
		layout           Layout
		own              func(string) uint64
	}{
		{"one-at-a-time", "ketama", "default", Ketama(KetamaDefault), nil},
		{"md5", "ketama", "md5", Ketama(KetamaMD5), nil},
		{"a hash of the caller's", "ketama", "fnv1a_32", Ketama(KetamaDefault), signedFNV},
		{"weighted", "ketama-weighted", "default", Ketama(KetamaWeighted), nil},
		{"weighted late", "ketama-weighted-late", "default", Ketama(KetamaWeightedLate), nil},
		{"spy", "ketama-spy", "default", Ketama(KetamaSpy), nil},
		{"hash one_at_a_time", "ketama", "one_at_a_time", KetamaHash("one_at_a_time"), nil},
		{"hash md5", "ketama", "md5", KetamaHash("md5"), nil},
		{"hash crc", "ketama", "crc", KetamaHash("crc"), nil},
		{"hash fnv1_64", "ketama", "fnv1_64", KetamaHash("fnv1_64"), nil},
		{"hash fnv1a_64", "ketama", "fnv1a_64", KetamaHash("fnv1a_64"), nil},
		{"hash fnv1_32", "ketama", "fnv1_32", KetamaHash("fnv1_32"), nil},
		{"hash fnv1a_32", "ketama", "fnv1a_32", KetamaHash("fnv1a_32"), nil},
	}
	sets := []struct {
		name    string
		servers []server
	}{
		{"one", equalServers(1)},
		{"three", equalServers(3)},
		{"ports and families", serversOf("10.0.1.1:11211", 1, "10.0.1.1:11212", 1, "[::1]:11213", 1, "::1", 1, "cache", 1)},
		{"a socket", serversOf("/run/memcached.sock", 1, "10.0.1.1:11211", 1, "10.0.1.2:1", 1)},
		{"a socket with a scheme", serversOf("unix:/run/memcached.sock", 2, "10.0.1.1:11211", 1, "unix:/run/other.sock", 1)},
		{"weights", serversOf("10.0.1.1:11211", 600, "10.0.1.2:11211", 300, "10.0.1.3:12000", 1, "10.0.1.4:11211", 77)},
		{"a weight beyond float32", serversOf("a:1", 16777217, "b:1", 33333333, "c:1", 1<<31-1)},
		{"a server listed twice", serversOf("10.0.1.1:11211", 1, "10.0.1.1", 3, "10.0.1.2:11211", 1)},
		{"25, of 156 points each", equalServers(25)},
		{"100, the most it takes", equalServers(100)},
	}
	keys := peerKeys()
	for _, m := range modes {
		chosen := sets
		if strings.HasPrefix(m.name, "hash ") { // the servers matter as with one-at-a-time
			chosen = []struct {
				name    string
				servers []server
			}{sets[1], sets[5]}
		}
		for _, set := range chosen {
			t.Run(m.name+"/"+set.name, func(t *testing.T) {
				cfg := serverConfig(m.layout)
				cfg.Hash = m.own
				r, err := New(set.servers, cfg)
				require.NoError(t, err)
				requireOwners(t, r, keys, askKetama(t, program, m.mode, m.hash, set.servers, keys))
			})
		}
	}
}

// requireOwners compares the owner of every key.
func requireOwners(t *testing.T, r *Ring[server], keys []string, want []int) {
	t.Helper()
	for i, key := range keys {
		if got, ok := r.Select(key); !ok || got.index != want[i] {
			t.Fatalf("key %q is on %d, want %d", key, got.index, want[i])
		}
	}
}

// md5Word is the hash of keys of most layouts, as a hash of the caller's.
func md5Word(s string) uint64 { return uint64(keyhash.MD5Words(s)[0]) }
