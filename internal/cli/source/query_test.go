package source

import (
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// TestQueriesDiffer has flags that ask for other nodes: each must lead to another
// query, or one's cache would answer for the other.
func TestQueriesDiffer(t *testing.T) {
	t.Parallel()
	of := func(backend string, change func(*Flags)) string {
		o := &Flags{Backend: backend}
		change(o)
		return o.query()
	}
	seen := map[string]bool{}
	for _, q := range []string{
		of("consul", func(*Flags) {}),
		of("consul", func(o *Flags) { o.consul.service = "web" }),
		of("consul", func(o *Flags) { o.consul.service = "web"; o.consul.datacenter = "dc2" }),
		of("consul", func(o *Flags) { o.consul.service = "web"; o.consul.filter = "a == b" }),
		of("consul", func(o *Flags) { o.consul.service = "web"; o.consul.catalog = true }),
		of("consul", func(o *Flags) { o.consul.service = "web"; o.consul.identity = "address" }),
		of("consul", func(o *Flags) { o.consul.nodeMeta = map[string]string{"a": "b"} }),
		of("consul", func(o *Flags) { o.consul.service = `web" datacenter="dc2` }),
		of("kubernetes", func(*Flags) {}),
		of("kubernetes", func(o *Flags) { o.consul.service = "web" }),
		of("kubernetes", func(o *Flags) { o.consul.service, o.kubernetes.namespace = "web", "a" }),
		of("kubernetes", func(o *Flags) { o.consul.service, o.kubernetes.context = "web", "a" }),
		of("kubernetes", func(o *Flags) { o.consul.service, o.kubernetes.port = "web", "a" }),
		of("kubernetes", func(o *Flags) { o.consul.service, o.kubernetes.statefulSet = "web", "a" }),
		of("kubernetes", func(o *Flags) { o.consul.service, o.kubernetes.weightKey = "web", "a" }),
		of("kubernetes", func(o *Flags) { o.consul.service, o.consul.identity = "web", "node" }),
		of("kubernetes", func(o *Flags) { o.kubernetes.selector = "web" }),
		of("dns", func(o *Flags) { o.dns.name = "web" }),
		of("dns", func(o *Flags) { o.dns.name = "web"; o.dns.resolve = true }),
		of("static", func(o *Flags) { o.file = "web" }),
		of("static", func(o *Flags) { o.nodes = []string{"web"} }),
		of("p2p", func(o *Flags) { o.host, o.port = "a", 1 }),
		of("swim", func(*Flags) {}),
		of("swim", func(o *Flags) {
			fs := pflag.NewFlagSet("", pflag.ContinueOnError)
			o.swim.DeclarePeers(fs)
			require.NoError(t, fs.Set("cluster", "blue"))
		}),
	} {
		require.False(t, seen[q], "%s occurs twice", q)
		seen[q] = true
	}
	require.Equal(t, `consul service="web" datacenter="dc2" identity="instance"`, of("consul", func(o *Flags) { o.consul.service, o.consul.datacenter = "web", "dc2" }))
}
