package cli

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// dnsServer answers every query by TCP with SRV records of the given ports, or
// with an error code.
func dnsServer(t *testing.T, code dnsmessage.RCode, ports ...uint16) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				answerDNS(c, code, ports)
				_ = c.Close()
			})
		}
	})
	return l.Addr().String()
}

// answerDNS answers the queries of a connection until the client closes it.
func answerDNS(c net.Conn, code dnsmessage.RCode, ports []uint16) {
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		var q dnsmessage.Message
		if err := q.Unpack(query); err != nil {
			return
		}
		a := dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, RCode: code}, Questions: q.Questions}
		for i, port := range ports {
			a.Answers = append(a.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Type: dnsmessage.TypeSRV, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.SRVResource{Port: port, Target: dnsmessage.MustNewName(fmt.Sprintf("web-%d.example.", i))},
			})
		}
		answer, err := a.Pack()
		if err != nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// partialDNS returns flags for a source with two nodes and unusable records.
func partialDNS(t *testing.T, unusable int) []string {
	ports := append([]uint16{80, 80}, make([]uint16, unusable)...)
	return []string{"-b", "dns", "--dns-name", "web.example", "--dns-server", dnsServer(t, 0, ports...)}
}

// A partial set is used, with a warning for each record that is left out, and
// every JSON output says so.
func TestPartialSetIsUsedWithWarnings(t *testing.T) {
	t.Parallel()
	source := partialDNS(t, 2)
	for _, words := range [][]string{
		{"select", "-o", "json", "x"}, {"select", "-o", "jsonl", "x"}, {"nodes", "-o", "json"}, {"explain", "-o", "json", "x"},
		{"ring", "shares", "-o", "json"}, {"ring", "points", "-o", "json"}, {"balance", "-o", "json", "--sample", "10"},
		{"diff", "-o", "json", "--sample", "10", "--add", "c"},
	} {
		out, errors, code := command("", append(words, source...)...)
		require.Equal(t, term.ExitDone, code, "%v: %s", words, errors)
		require.Contains(t, strings.ReplaceAll(out, " ", ""), `"partial":true`, "%v", words)
		require.Equal(t, 2, strings.Count(errors, "proxenos: warning: partial: record \"web-"), "%v: %s", words, errors)
		require.Equal(t, 2, strings.Count(errors, "\n"), "%v: %s", words, errors)
	}

	out, errors, code := command("", append([]string{"select", "-o", "json", "-n", "a"}, "x")...)
	require.Equal(t, term.ExitDone, code)
	require.NotContains(t, out, "partial", "a complete set")
	require.Empty(t, errors)
}

// At most ten causes are shown.
func TestPartialSetWithManyCauses(t *testing.T) {
	t.Parallel()
	_, errors, code := command("", append([]string{"select", "x"}, partialDNS(t, 13)...)...)
	require.Equal(t, term.ExitDone, code)
	require.Equal(t, 11, strings.Count(errors, "\n"), errors)
	require.Contains(t, errors, "warning: partial: 3 more\n")
}

// --require-complete, and every gate by default, rejects a partial set.
func TestPartialSetIsRejected(t *testing.T) {
	t.Parallel()
	source := partialDNS(t, 1)
	checks := filepath.Join(t.TempDir(), "checks.yaml")
	require.NoError(t, os.WriteFile(checks, []byte("checks:\n  - name: enough\n    nodes: {min: 1}\n"), 0o600))
	gates := [][]string{
		{"select", "--expect", "web-0.example:80", "x"},
		{"balance", "--sample", "10", "--max-imbalance", "100"},
		{"diff", "--sample", "10", "--add", "c", "--max-moved", "100%"},
		{"check", checks, "--live"},
		{"identify", "x=web-0.example:80"},
	}
	for _, words := range gates {
		out, errors, code := command("", append(words, source...)...)
		require.Equal(t, term.ExitConfig, code, "%v: %s", words, errors)
		require.Empty(t, out, "%v", words)
		require.Contains(t, errors, "the set is partial, records left out: 1: record \"web-2.example.\": port 0\n", "%v", words)
		require.Contains(t, errors, "hint: correct these records; --require-complete=false uses the other nodes\n", "%v", words)

		_, errors, code = command("", append(append(words, source...), "--require-complete=false")...)
		require.NotEqual(t, term.ExitConfig, code, "%v: %s", words, errors)
	}
	for _, words := range [][]string{{"select", "x"}, {"nodes"}, {"explain", "x"}, {"ring", "shares"}, {"ring", "points"}, {"balance"}} {
		_, errors, code := command("", append(append(words, source...), "--require-complete")...)
		require.Equal(t, term.ExitConfig, code, "%v: %s", words, errors)
		require.Contains(t, errors, "without --require-complete, the other nodes are used", "%v", words)
	}
}

// What nodes prints of a partial set says so to the commands that read it.
func TestPartialListStaysPartial(t *testing.T) {
	t.Parallel()
	list, _, code := command("", append([]string{"nodes", "-o", "json"}, partialDNS(t, 1)...)...)
	require.Equal(t, term.ExitDone, code)
	path := filepath.Join(t.TempDir(), "nodes.json")
	require.NoError(t, os.WriteFile(path, []byte(list), 0o600))
	saved := filepath.Join(t.TempDir(), "saved.json")
	_, _, code = command("", append([]string{"nodes", "--save", saved}, partialDNS(t, 1)...)...)
	require.Equal(t, term.ExitDone, code)
	for _, in := range []struct{ file, stdin string }{{path, ""}, {"-", list}, {saved, ""}} {
		out, errors, code := command(in.stdin, "select", "-f", in.file, "-o", "jsonl", "x")
		require.Equal(t, term.ExitDone, code, errors)
		require.Contains(t, out, `"partial":true`)
		require.Contains(t, errors, "the list is partial")
		_, _, code = command(in.stdin, "select", "-f", in.file, "--require-complete", "x")
		require.Equal(t, term.ExitConfig, code)
	}
}

// A server that answers with SERVFAIL is reachable.
func TestHintForServerFailure(t *testing.T) {
	t.Parallel()
	server := dnsServer(t, dnsmessage.RCodeServerFailure)
	_, errors, code := command("", "nodes", "-b", "dns", "--dns-name", "web.example", "--dns-server", server)
	require.Equal(t, term.ExitUnreachable, code)
	require.Contains(t, errors, "hint: the DNS server answers, but with a failure")
}

// A set without one usable record is not the empty set of a name without records.
func TestHintForRecordsThatAreAllUnusable(t *testing.T) {
	t.Parallel()
	server := dnsServer(t, 0, 0, 0)
	for _, words := range [][]string{{"nodes"}, {"select", "x"}} {
		_, errors, code := command("", append(words, "-b", "dns", "--dns-name", "web.example", "--dns-server", server)...)
		require.Equal(t, term.ExitNoNodes, code)
		require.Contains(t, errors, "warning: partial: record \"web-1.example.\": port 0\n")
		require.Contains(t, errors, "no record of dns can be a node\nhint: correct the records that the warnings name\n")
	}
}

// A partial snapshot that stands in for its source is a partial set too.
func TestPartialSnapshotIsRejected(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cache.json")
	list := []byte(`{"saved": "2026-01-31T15:04:05Z", "partial": true, "nodes": ["a"]}`)
	require.NoError(t, os.WriteFile(path, list, 0o600))
	words := []string{"select", "-b", "dns", "--dns-name", "web.example", "--dns-server", dnsServer(t, dnsmessage.RCodeServerFailure), "--cache", path, "x"}
	out, errors, code := command("", words...)
	require.Equal(t, term.ExitDone, code, errors)
	require.Equal(t, "a\n", out)
	for _, gate := range [][]string{{"--require-complete"}, {"--expect", "a"}} {
		out, errors, code = command("", append(words, gate...)...)
		require.Equal(t, term.ExitConfig, code, errors)
		require.Empty(t, out)
		require.Contains(t, errors, "records were left out when the snapshot was saved")
	}
}
