package ring

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
)

// programs are the layouts with vectors in testdata/programs. Each takes the hash
// that its program was set to.
var programs = map[string]struct {
	layout func(hash string) Layout
	named  bool // the program hashes the name of a server and not its address
}{
	"twemproxy":       {layout: Twemproxy, named: true},
	"spymemcached":    {layout: func(string) Layout { return Spymemcached() }},
	"node-hashring":   {layout: func(string) Layout { return NodeHashring() }},
	"node-memcached":  {layout: func(string) Layout { return NodeMemcached() }},
	"grpc-ring-hash":  {layout: func(string) Layout { return GRPCRingHash(RingHashMinSize) }},
	"haproxy":         {layout: HAProxy, named: true},
	"varnish-shard":   {layout: func(string) Layout { return VarnishShard() }, named: true},
	"ingress-nginx":   {layout: func(string) Layout { return IngressNginx() }},
	"groupcache":      {layout: func(string) Layout { return Groupcache() }},
	"go-zero":         {layout: func(string) Layout { return GoZero() }},
	"ketama":          {layout: func(string) Layout { return Ketama(KetamaDefault) }},
	"ketama-md5":      {layout: func(string) Layout { return Ketama(KetamaMD5) }},
	"ketama-weighted": {layout: func(string) Layout { return Ketama(KetamaWeighted) }},
}

// TestProgramsGolden compares the layouts with the answers of the programs that
// they agree with.
func TestProgramsGolden(t *testing.T) {
	t.Parallel()
	compared := map[string]int{}
	vectors.Run(t, "programs/*.txt", func(t *testing.T, f *vectors.File) {
		program, ok := programs[f.Header("algorithm")]
		if !ok {
			t.Skip("not a ring")
		}
		for _, fields := range f.Fields("answers", -1) {
			column, hash := fields[0], strings.TrimPrefix(fields[1], "-")
			servers, layout := programServers(t, f, program.named), program.layout(hash)
			if f.Header("scenario") == "ids, keys of printable ASCII" {
				layout = HAProxyByID(hash)
				for i, id := range f.All("id") {
					servers[i].id = id
				}
			}
			r, err := New(servers, serverConfig(layout))
			require.NoError(t, err)
			for _, row := range f.Rows {
				requireOwner(t, r, row, column)
				compared[f.Header("algorithm")]++
			}
		}
	})
	for name := range programs {
		assert.Positive(t, compared[name], "%s has no vectors", name)
	}
	t.Log("keys compared:", compared)
}

// programServers parses "server: NAME ADDRESS WEIGHT". The ID is the name if the
// program hashes that and there is one.
func programServers(t *testing.T, f *vectors.File, named bool) []server {
	t.Helper()
	var servers []server
	for i, fields := range f.Fields("server", 3) {
		id := fields[1]
		if named && fields[0] != "-" || id == "-" {
			id = fields[0]
		}
		servers = append(servers, server{id, number(t, fields[2]), i})
	}
	return servers
}
