package dns

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const web = "_http._tcp.example.test"

// patience bounds what takes milliseconds on an idle machine.
const patience = time.Minute

// record reads "host:port priority weight".
func record(t testing.TB, text string) net.SRV {
	t.Helper()
	var r net.SRV
	addr, numbers, _ := strings.Cut(text, " ")
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	_, err = fmt.Sscan(port+" "+numbers, &r.Port, &r.Priority, &r.Weight)
	require.NoError(t, err)
	r.Target = host + "."
	if host == "." {
		r.Target = "."
	}
	return r
}

// describe is the inverse: "name weight", with "drain" for a drained node.
func describe(nodes []mapper.Node) []string {
	out := []string{}
	for _, n := range nodes {
		capacity := strconv.FormatFloat(n.Capacity(), 'g', -1, 64)
		if n.Drain {
			capacity = "drain"
		}
		out = append(out, n.Name+" "+capacity+" p"+n.Meta["priority"])
	}
	return out
}

func TestNodes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		records []string
		want    []string
	}{
		{"sorted by name", []string{"b.test:80 1 1", "a.test:80 1 1"}, []string{"a.test:80 1 p1", "b.test:80 1 p1"}},
		{"weights", []string{"a.test:80 0 1", "b.test:80 0 3"}, []string{"a.test:80 1 p0", "b.test:80 3 p0"}},
		{"no weights were meant", []string{"a.test:80 0 0", "b.test:80 0 0"}, []string{"a.test:80 1 p0", "b.test:80 1 p0"}},
		{"a weight of 0 among others", []string{"a.test:80 0 0", "b.test:80 0 5"}, []string{"a.test:80 drain p0", "b.test:80 5 p0"}},
		{"the best priority serves", []string{"a.test:80 20 1", "b.test:80 10 1", "c.test:80 10 0"}, []string{"a.test:80 drain p20", "b.test:80 1 p10", "c.test:80 drain p10"}},
		{"the weights of another priority say nothing", []string{"a.test:80 10 0", "b.test:80 20 7"}, []string{"a.test:80 1 p10", "b.test:80 drain p20"}},
		{"the port is part of the name", []string{"a.test:81 0 1", "a.test:80 0 1"}, []string{"a.test:80 1 p0", "a.test:81 1 p0"}},
		{"a target twice", []string{"a.test:80 20 1", "a.test:80 10 2", "b.test:80 10 1"}, []string{"a.test:80 2 p10", "b.test:80 1 p10"}},
		{"a target twice in another case", []string{"A.Test:80 0 1", "a.test:80 0 1"}, []string{"a.test:80 1 p0"}},
		{"no nodes, as RFC 2782 says it", []string{".:0 0 0"}, []string{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t)
			var records []net.SRV
			for _, text := range c.records {
				records = append(records, record(t, text))
			}
			s.set(records...)
			for _, name := range []string{web, web + "."} {
				nodes, err := (&SRV{Name: name, Server: s.addr}).Nodes(t.Context())
				require.NoError(t, err)
				require.Equal(t, c.want, describe(nodes))
				for _, n := range nodes {
					require.Equal(t, n.Name, n.Addr)
				}
			}
		})
	}
}

func TestManyRecords(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var records []net.SRV
	for i := range 1000 {
		records = append(records, net.SRV{Target: fmt.Sprintf("node-%04d.example.test.", i), Port: 80, Weight: 1})
	}
	s.set(records...)
	nodes, err := (&SRV{Name: web, Server: s.addr}).Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, nodes, 1000)
	require.Equal(t, "node-0999.example.test:80", nodes[999].Name)
}

func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	source := &SRV{Name: web, Server: s.addr}
	nodes, err := source.Nodes(t.Context())
	require.NoError(t, err, "NXDOMAIN is an answer")
	require.Empty(t, nodes)
	s.set()
	nodes, err = source.Nodes(t.Context())
	require.NoError(t, err, "and so is a name without records")
	require.Empty(t, nodes)
	require.Equal(t, []string{web + ".", web + "."}, s.asked(), "the name is absolute: nothing else is tried")
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, rcode := range []dnsmessage.RCode{dnsmessage.RCodeServerFailure, dnsmessage.RCodeRefused, dnsmessage.RCodeFormatError} {
		t.Run(rcode.String(), func(t *testing.T) {
			s := serve(t)
			s.answerWith(rcode)
			nodes, err := (&SRV{Name: web, Server: s.addr}).Nodes(t.Context())
			require.EqualError(t, err, "dns: SRV records of "+web+": lookup "+web+". on "+s.addr+": server misbehaving")
			var lookup *net.DNSError
			require.ErrorAs(t, err, &lookup)
			require.Equal(t, s.addr, lookup.Server, "and none of the system's")
			require.Empty(t, nodes)
		})
	}
	t.Run("no server", func(t *testing.T) {
		_, err := (&SRV{Name: web, Server: "127.0.0.1:1"}).Nodes(t.Context())
		require.ErrorContains(t, err, "on 127.0.0.1:1: ")
		require.ErrorContains(t, err, "connection refused")
	})
	t.Run("no name", func(t *testing.T) {
		for _, name := range []string{"", "."} {
			_, err := (&SRV{Name: name}).Nodes(t.Context())
			require.EqualError(t, err, "dns: no name to look up: set SRV.Name")
		}
	})
	t.Run("a name that cannot be", func(t *testing.T) {
		for _, name := range []string{"a..b", ".a", "a b", "\x00", "é.test", "a/b", strings.Repeat("a.", 127) + "a", strings.Repeat("a", 64) + ".test"} {
			s := serve(t)
			nodes, err := (&SRV{Name: name, Server: s.addr}).Nodes(t.Context())
			require.ErrorContains(t, err, "dns: name "+strconv.Quote(name)+": want up to 253 characters")
			require.Empty(t, nodes)
			require.Empty(t, s.asked())
		}
	})
	t.Run("a hanging server", func(t *testing.T) {
		s := serve(t)
		s.silent = true
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := (&SRV{Name: web, Server: s.addr}).Nodes(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestResolve(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.set(record(t, "a.test:80 0 1"), record(t, "b.test:80 0 1"), record(t, "c.test:80 0 1"), record(t, "d.test:80 0 1"))
	s.ips["a.test"] = []string{"10.0.0.9", "10.0.0.10", "2001:db8::1"}
	s.ips["b.test"] = []string{"2001:db8::2", "2001:db8::1"}
	s.ips["c.test"] = nil
	nodes, err := (&SRV{Name: web, Server: s.addr, Resolve: true}).Nodes(t.Context())
	require.NoError(t, err)
	var got []string
	for _, n := range nodes {
		got = append(got, n.Name+" "+n.Addr)
	}
	require.Equal(t, []string{
		"a.test:80 10.0.0.9:80", "b.test:80 [2001:db8::1]:80", "c.test:80 c.test:80", "d.test:80 d.test:80",
	}, got, "names stay, whatever becomes of the addresses")
}

// TestCutAnswer has answers that hold only some of the records.
func TestCutAnswer(t *testing.T) {
	t.Parallel()
	t.Run("marked", func(t *testing.T) {
		s := serve(t)
		s.set(record(t, "a.test:80 0 1"), record(t, "b.test:80 0 1"))
		s.truncated = true
		nodes, err := (&SRV{Name: web, Server: s.addr}).Nodes(t.Context())
		require.ErrorIs(t, err, ErrTruncated)
		require.EqualError(t, err, "dns: SRV records of "+web+": the answer is truncated: DNS cannot carry all records; use another source (2 received)")
		require.Empty(t, nodes)
	})
	t.Run("as large as it can be", func(t *testing.T) {
		s := serve(t)
		var records []net.SRV
		for i := range 1255 { // of 52 bytes each
			records = append(records, record(t, fmt.Sprintf("node-%04d.very-long.example.test:80 0 1", i)))
		}
		s.set(records...)
		size := len(s.pack(t))
		require.Greater(t, size, full)
		require.Less(t, size, 1<<16)
		_, err := (&SRV{Name: web, Server: s.addr}).Nodes(t.Context())
		require.ErrorIs(t, err, ErrTruncated)

		s.set(records[:1240]...)
		require.Less(t, len(s.pack(t)), full)
		nodes, err := (&SRV{Name: web, Server: s.addr}).Nodes(t.Context())
		require.NoError(t, err)
		require.Len(t, nodes, 1240)
	})
	t.Run("addresses", func(t *testing.T) {
		s := serve(t)
		s.set(record(t, "a.test:80 0 1"))
		s.ips["a.test"] = []string{"10.0.0.1"}
		s.truncateHosts = true
		_, err := (&SRV{Name: web, Server: s.addr, Resolve: true}).Nodes(t.Context())
		require.ErrorIs(t, err, ErrTruncated)
	})
}

// TestSystemServersAreQueriedOverTCP stands for the servers of the system: the
// resolver dials them through the same function.
func TestSystemServersAreQueriedOverTCP(t *testing.T) {
	t.Parallel()
	s := serve(t) // by TCP only
	conn, err := (&SRV{Name: web}).resolver(&inspector{}).Dial(t.Context(), "udp", s.addr)
	require.NoError(t, err)
	require.Equal(t, "tcp", conn.RemoteAddr().Network())
	require.NoError(t, conn.Close())
}

// TestUnusableRecords leaves out records that cannot be nodes.
func TestUnusableRecords(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.set(record(t, "a.test:80 0 1"), record(t, "b.test:0 0 1"), net.SRV{Target: "c d.test.", Port: 80})
	nodes, err := (&SRV{Name: web, Server: s.addr}).Nodes(t.Context())
	var partial *mapper.PartialError
	require.ErrorAs(t, err, &partial)
	require.ErrorContains(t, err, `record "b.test.": port 0`)
	require.ErrorContains(t, err, "invalid names")
	require.Len(t, partial.Skipped, 2)
	require.Equal(t, []string{"a.test:80 1 p0"}, describe(nodes))
}

// TestResolveFails has a server that fails for one of several addresses: the set
// before stands, instead of one with a name in the place of an address.
func TestResolveFails(t *testing.T) {
	t.Parallel()
	for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
		s := serve(t)
		s.set(record(t, "a.test:80 0 1"), record(t, "b.test:80 0 1"))
		s.ips["a.test"] = []string{"10.0.0.1"}
		s.ips["b.test"] = []string{"2001:db8::1"}
		s.failFor = kind
		nodes, err := (&SRV{Name: web, Server: s.addr, Resolve: true}).Nodes(t.Context())
		require.ErrorContains(t, err, "address of ", kind.String())
		require.ErrorContains(t, err, "server misbehaving")
		require.Empty(t, nodes)
	}
}

func TestResolverAndServer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.set(record(t, "a.test:80 0 1"))
	asked := ""
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		asked = network
		var d net.Dialer
		return d.DialContext(ctx, "tcp", s.addr)
	}}
	nodes, err := (&SRV{Name: web, Server: "192.0.2.1:53", Resolver: r}).Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, nodes, 1)
	require.Equal(t, "udp", asked, "the resolver decides")

	for server, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "::1": "[::1]:53", "[::1]": "[::1]:53", "h:5353": "h:5353", "[::1]:5353": "[::1]:5353",
	} {
		require.Equal(t, want, withPort(server))
	}
}

func TestConformance(t *testing.T) {
	mappertest.Test(t, func(t *testing.T) mappertest.Source {
		s := serve(t)
		publish := func(t testing.TB, nodes []mapper.Node) {
			var records []net.SRV
			for _, n := range nodes {
				records = append(records, record(t, fmt.Sprintf("%s.test:8080 1 %g", n.Name, n.Capacity())))
			}
			s.set(records...)
		}
		broken := func(t testing.TB, nodes []mapper.Node) {
			publish(t, nodes)
			s.add(record(t, "broken.test:0 1 1"))
		}
		return mappertest.Source{Mapper: &SRV{Name: web, Server: s.addr}, Publish: publish, PublishBroken: broken, Want: published}
	})
}

// published returns the nodes as DNS carries them.
func published(nodes []mapper.Node) []mapper.Node {
	var out []mapper.Node
	for _, n := range nodes {
		name := n.Name + ".test:8080"
		out = append(out, mapper.Node{Name: name, Addr: name, Weight: n.Capacity(), Meta: map[string]string{"priority": "1"}})
	}
	return out
}

// TestPolled watches a zone that changes, fails and changes back.
func TestPolled(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.set(record(t, "a.test:80 0 1"))
	events := make(chan string)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		polled := &mapper.Polled{Source: &SRV{Name: web, Server: s.addr}, Every: 5 * time.Millisecond}
		for u := range polled.Watch(ctx) {
			event := strings.Join(describe(u.Nodes), " ")
			if u.Err != nil {
				event = "failing"
			}
			select {
			case events <- event:
			case <-ctx.Done():
			}
		}
	}()
	until := func(want string) {
		t.Helper()
		for timeout := time.After(patience); ; {
			select {
			case got := <-events:
				if got == want {
					return
				}
			case <-timeout:
				require.FailNow(t, "not seen", "%q", want)
			}
		}
	}
	until("a.test:80 1 p0")
	s.set(record(t, "a.test:80 0 1"), record(t, "b.test:80 0 2"))
	until("a.test:80 1 p0 b.test:80 2 p0")
	s.answerWith(dnsmessage.RCodeServerFailure)
	until("failing")
	s.answerWith(0)
	until("a.test:80 1 p0 b.test:80 2 p0")
	s.set()
	until("")
	cancel()
	<-done
}
