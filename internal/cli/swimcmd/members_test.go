package swimcmd

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

func TestChangesShowGenerationAndReaped(t *testing.T) {
	t.Parallel()
	gone := swim.Event{Reaped: true, Member: swim.Member{
		Name: "a:1", Addr: "10.0.0.1:1", Status: swim.StatusOffline, Previous: swim.StatusSuspect,
		StatusTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Generation: 3, Clock: 7,
	}}
	back := gone
	back.Reaped, back.Member.Status, back.Member.Generation = false, swim.StatusOnline, 4
	for _, c := range []struct {
		format string
		want   []string
	}{
		{"text", []string{"a:1\tREAPED\t10.0.0.1:1\t3\t7\tunknown", "a:1\tONLINE\t10.0.0.1:1\t4\t7\tunknown"}},
		{"json", []string{
			`{"schema":"proxenos.swim.change/v1","reaped":true,"name":"a:1","address":"10.0.0.1:1","status":"OFFLINE","since":"2026-01-02T03:04:05Z","previous":"SUSPECT","generation":3,"clock":7,"metadata":null}`,
			`{"schema":"proxenos.swim.change/v1","reaped":false,"name":"a:1","address":"10.0.0.1:1","status":"ONLINE","since":"2026-01-02T03:04:05Z","previous":"SUSPECT","generation":4,"clock":7,"metadata":null}`,
		}},
	} {
		var out bytes.Buffer
		o := &membersOptions{std: &term.Streams{Out: &out}}
		o.format.Offer(term.Writer[[]swim.Member]{Name: "text"}, term.Writer[[]swim.Member]{Name: "json"})
		require.NoError(t, o.format.Set(c.format))
		require.NoError(t, o.writeChange(gone))
		require.NoError(t, o.writeChange(back))
		require.Equal(t, strings.Join(c.want, "\n")+"\n", out.String())
	}
}

func TestHelpNamesWhichMembersAreAccepted(t *testing.T) {
	t.Parallel()
	root := New(&term.Streams{})
	for _, c := range append(root.Commands(), root) {
		require.Contains(t, c.Long, "All members must be proxenos members", c.Name())
		require.Contains(t, c.Long, "Serf and Consul", c.Name())
	}
}
