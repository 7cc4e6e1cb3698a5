package swim_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/proxenos/proxenos/mapper/swim"
)

// quick is a member on a free port of this machine that writes no log.
func quick(name string, peers ...string) swim.Config {
	return swim.Config{Name: name, Bind: "127.0.0.1:0", Peers: peers, Timing: swim.Local(), Log: slog.New(slog.DiscardHandler)}
}

// pair is a cluster of two.
func pair() (a, b *swim.Cluster) {
	a, err := swim.Join(context.Background(), quick("a"))
	if err != nil {
		panic(err)
	}
	b, err = swim.Join(context.Background(), quick("b", a.Local().Addr))
	if err != nil {
		panic(err)
	}
	return a, b
}

func ExampleJoin() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	first, err := swim.Join(ctx, quick("first"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer first.Close()
	second, err := swim.Join(ctx, quick("second", first.Local().Addr))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer second.Close()
	for u := range first.Watch(ctx) {
		if len(u.Nodes) == 2 {
			fmt.Println(u.Nodes[0].Name, u.Nodes[1].Name)
			break
		}
	}
	// Output: first second
}

func ExampleCluster_Members() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	for _, m := range b.Members() {
		fmt.Println(m.Name, m.Status, m.Local)
	}
	// Output:
	// a ONLINE false
	// b ONLINE true
}

func ExampleCluster_Local() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.Local().Name)
	// Output: a
}

func ExampleCluster_Find() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(b.Find(3, swim.StatusAvailable)[0].Name, len(b.Find(3, swim.StatusAny, "a")))
	// Output: a 0
}

func ExampleCluster_Events() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	_ = b.SetMetadata(map[string][]byte{"weight": []byte("2")})
	for e := range a.Events(context.Background()) {
		if e.Member.Name == "b" && e.Metadata && len(e.Member.Metadata) > 0 {
			fmt.Printf("%s weighs %s\n", e.Member.Name, e.Member.Metadata["weight"])
			break
		}
	}
	// Output: b weighs 2
}

func ExampleCluster_SetMetadata() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.SetMetadata(map[string][]byte{"zone": []byte("east")}))
	fmt.Println(a.SetMetadata(map[string][]byte{"log": make([]byte, 100_000)}))
	// Output:
	// <nil>
	// the metadata value of "log" has 100000 bytes, of 65536 allowed
}

func ExampleCluster_Nodes() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	nodes, err := b.Nodes(context.Background())
	fmt.Println(len(nodes), err)
	// Output: 2 <nil>
}

func ExampleCluster_Watch() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	for u := range b.Watch(context.Background()) {
		fmt.Println(len(u.Nodes), u.Err)
		break
	}
	// Output: 2 <nil>
}

func ExampleCluster_Leave() {
	a, b := pair()
	defer a.Close()
	fmt.Println(b.Leave(context.Background()), b.Close())
	for e := range a.Events(context.Background()) {
		if e.Member.Name == "b" && e.Member.Status == swim.StatusLeft {
			fmt.Println(e.Member.Status)
			break
		}
	}
	// Output:
	// <nil> <nil>
	// LEFT
}

func ExampleCluster_Close() {
	a, err := swim.Join(context.Background(), quick("a"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Close())
	_, err = a.Nodes(context.Background())
	fmt.Println(err)
	// Output:
	// <nil>
	// the member is closed
}

func ExampleCluster_Err() {
	a, err := swim.Join(context.Background(), quick("a"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Err())
	a.Close()
	fmt.Println(a.Err())
	// Output:
	// <nil>
	// the member is closed
}

func ExampleCluster_Done() {
	a, err := swim.Join(context.Background(), quick("a"))
	if err != nil {
		fmt.Println(err)
		return
	}
	time.AfterFunc(time.Millisecond, func() { a.Close() })
	<-a.Done() // a program that runs a member waits for this and for its own signals
	fmt.Println(a.Err())
	// Output: the member is closed
}

func ExampleCluster_SetSecrets() {
	old, _ := swim.NewSecret([]byte("e1b7d4c09a6f4d21"))
	next, _ := swim.NewSecret([]byte("77f03c52bd40e8a9"))
	cfg := quick("a")
	cfg.Secrets = []swim.Secret{old}
	a, err := swim.Join(context.Background(), cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	// Each step once the one before is done on every member.
	fmt.Println(a.SetSecrets(old, next), a.SetSecrets(next, old), a.SetSecrets(next))
	// Output: <nil> <nil> <nil>
}

func ExampleNewSecret() {
	s, err := swim.NewSecret([]byte("e1b7d4c09a6f4d21\n"))
	fmt.Println(s, err)
	// Output: [redacted] <nil>
}

func ExampleReadSecrets() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "secret")
	if err := os.WriteFile(path, []byte("77f03c52bd40e8a9\ne1b7d4c09a6f4d21\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	secrets, err := swim.ReadSecrets(context.Background(), path, nil)
	fmt.Println(len(secrets), err)
	// Output: 2 <nil>
}

// A service whose nodes gossip can protect its own connections with the same secret.
func ExampleSecret_Key() {
	secret, err := swim.NewSecret([]byte("0123456789abcdef"))
	if err != nil {
		panic(err)
	}
	key, err := secret.Key("example requests 1")
	fmt.Println(len(key), err)
	// Output: 32 <nil>
}

// Members of a store call each other over connections that the secret of their gossip
// secures.
func ExampleTLS() {
	secret, err := swim.NewSecret([]byte("0123456789abcdef"))
	if err != nil {
		panic(err)
	}
	config, err := swim.TLS("my-store", secret)
	if err != nil {
		panic(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		panic(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.WriteString(conn, "from a member")
			_ = conn.Close()
		}
	}()
	conn, err := tls.Dial("tcp", listener.Addr().String(), config)
	if err != nil {
		panic(err)
	}
	defer func() { _ = conn.Close() }()
	text, _ := io.ReadAll(conn)
	fmt.Printf("%s\n", text)
	// Output: from a member
}

func ExampleParseSecrets() {
	s, err := swim.ParseSecrets([]byte("77f03c52bd40e8a9\ne1b7d4c09a6f4d21\n"))
	fmt.Println(s, err)
	// Output: [[redacted] [redacted]] <nil>
}

func ExampleParseStatus() {
	s, err := swim.ParseStatus("available")
	fmt.Println(s, err)
	// Output: ONLINE|SUSPECT <nil>
}

func ExampleStatus_In() {
	fmt.Println(swim.StatusSuspect.In(swim.StatusAvailable), swim.StatusLeft.In(swim.StatusAvailable))
	// Output: true false
}

func ExampleMember_Node() {
	n := swim.Member{Name: "a", Addr: "10.0.0.1:7946", Metadata: map[string][]byte{
		swim.KeyAddr: []byte("10.0.0.1:80"), swim.KeyWeight: []byte("2"),
	}}.Node()
	fmt.Println(n.Name, n.Addr, n.Weight)
	// Output: a 10.0.0.1:80 2
}

func ExampleLAN() {
	t := swim.LAN()
	t.ReapOffline = time.Hour
	fmt.Println(t.Probe, t.ProbeTimeout, t.ReapOffline)
	// Output: 1s 500ms 1h0m0s
}

func ExampleWAN() {
	fmt.Println(swim.WAN().Probe, swim.WAN().ProbeTimeout)
	// Output: 5s 3s
}

func ExampleLocal() {
	fmt.Println(swim.Local().Probe, swim.Local().ProbeTimeout)
	// Output: 1s 200ms
}
