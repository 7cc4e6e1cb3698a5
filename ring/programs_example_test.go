package ring_test

import (
	"fmt"

	"github.com/proxenos/proxenos/ring"
)

var caches = []string{"10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211"}

// owner returns the owner of the key user:42 among caches of equal weight.
func owner(layout ring.Layout) string {
	r, err := ring.New(caches, ring.Config[string]{ID: func(id string) string { return id }, Layout: layout})
	if err != nil {
		return err.Error()
	}
	id, _ := r.Select("user:42")
	return id
}

func ExampleTwemproxy() {
	for _, hash := range ring.TwemproxyHashes() {
		fmt.Println(hash, owner(ring.Twemproxy(hash)))
	}
	// Output:
	// fnv1a_64 10.0.0.1:11211
	// fnv1_64 10.0.0.2:11211
	// fnv1a_32 10.0.0.3:11211
	// fnv1_32 10.0.0.1:11211
	// one_at_a_time 10.0.0.3:11211
	// md5 10.0.0.1:11211
	// crc16 10.0.0.3:11211
	// crc32 10.0.0.3:11211
	// crc32a 10.0.0.1:11211
}

func ExampleSpymemcached() {
	fmt.Println(owner(ring.Spymemcached()))
	fmt.Println(owner(ring.Ketama(ring.KetamaSpy)))
	// Output:
	// 10.0.0.1:11211
	// 10.0.0.1:11211
}

func ExampleNodeHashring() {
	fmt.Println(owner(ring.NodeHashring()))
	// Output:
	// 10.0.0.1:11211
}

func ExampleNodeMemcached() {
	fmt.Println(owner(ring.NodeMemcached()))
	// Output:
	// 10.0.0.1:11211
}

func ExampleEnvoyRingHash() {
	fmt.Println(owner(ring.EnvoyRingHash(ring.RingHashMinSize)))
	// Output:
	// 10.0.0.1:11211
}

func ExampleGRPCRingHash() {
	fmt.Println(owner(ring.GRPCRingHash(ring.RingHashMinSize)))
	// Output:
	// 10.0.0.1:11211
}

func ExampleHAProxy() {
	for _, hash := range ring.HAProxyHashes() {
		fmt.Println(hash, owner(ring.HAProxy(hash)))
	}
	// Output:
	// sdbm-avalanche 10.0.0.3:11211
	// sdbm 10.0.0.2:11211
	// djb2-avalanche 10.0.0.3:11211
	// djb2 10.0.0.3:11211
	// crc32-avalanche 10.0.0.1:11211
	// crc32 10.0.0.1:11211
}

func ExampleHAProxyByID() {
	// server web1 10.0.0.1:80 id 11
	// server web2 10.0.0.2:80 id 5 weight 2
	type server struct {
		name   string
		id     string
		weight float64
	}
	r, err := ring.New([]server{{"web1", "11", 1}, {"web2", "5", 2}}, ring.Config[server]{
		ID:       func(s server) string { return s.id },
		Capacity: func(s server) float64 { return s.weight },
		Layout:   ring.HAProxyByID("crc32"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, _ := r.Select("user:42")
	fmt.Println(s.name)
	// Output:
	// web2
}

func ExampleVarnishShard() {
	fmt.Println(owner(ring.VarnishShard()))
	// Output:
	// 10.0.0.1:11211
}

func ExampleIngressNginx() {
	fmt.Println(owner(ring.IngressNginx()))
	fmt.Println(owner(ring.Nginx()))
	// Output:
	// 10.0.0.3:11211
	// 10.0.0.3:11211
}

func ExampleGroupcache() {
	fmt.Println(owner(ring.Groupcache()))
	// Output:
	// 10.0.0.3:11211
}

func ExampleGoZero() {
	fmt.Println(owner(ring.GoZero()))
	// Output:
	// 10.0.0.1:11211
}

func ExampleKetamaHash() {
	for _, hash := range ring.KetamaHashes() {
		fmt.Println(hash, owner(ring.KetamaHash(hash)))
	}
	// Output:
	// one_at_a_time 10.0.0.2:11211
	// md5 10.0.0.3:11211
	// crc 10.0.0.2:11211
	// fnv1_64 10.0.0.1:11211
	// fnv1a_64 10.0.0.1:11211
	// fnv1_32 10.0.0.1:11211
	// fnv1a_32 10.0.0.1:11211
}

func ExampleCustom() {
	layout := ring.Custom(ring.Settings{
		Label:     "{id}#{i}",
		PointHash: "fnv1a-64",
		Points:    "weight(100)",
		KeyHash:   "fnv1a-64",
		Lookup:    "at-or-after",
	})
	fmt.Println(owner(layout))
	fmt.Println(owner(ring.Custom(ring.Settings{Label: "{name}"})))
	// Output:
	// 10.0.0.3:11211
	// layout custom {name}    : key hash "" is not one of crc16, crc16-wide, crc32, crc32-15, crc32-avalanche, djb2, djb2-avalanche, fnv1-32, fnv1-64-low32, fnv1a-32, fnv1a-64, fnv1a-64-low32, md5-be32, md5-be32-or-hex, md5-last64, md5-le32, murmur2-31, murmur3-32, murmur3-64, one-at-a-time, sdbm, sdbm-avalanche, sha256-last32, xxhash64: the layout's parameter is not valid
}

func ExampleKeyHashes() {
	fmt.Println(ring.KeyHashes()[:3])
	// Output:
	// [crc16 crc16-wide crc32]
}

func ExampleBuildWith() {
	// Also the argument of mapper.Follow.
	build := ring.BuildWith(ring.Config[Server]{ID: Server.Address, Layout: ring.Nginx()})
	r, err := build(servers)
	if err != nil {
		fmt.Println(err)
		return
	}
	server, _ := r.Select("user:42")
	fmt.Println(server.Name)
	// Output:
	// red
}

func ExampleSettings_String() {
	fmt.Println(ring.Settings{Label: "{id}-{i}", PointHash: "md5-4le32", Points: "share32(160)", KeyHash: "md5-le32", Lookup: "at-or-after"})
	// Output:
	// {id}-{i} md5-4le32 share32(160) md5-le32 at-or-after
}
