package consultest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
)

// overBoth runs check with the fake as an HTTP server and as a transport.
func overBoth(t *testing.T, script func(Query) Reply, check func(t *testing.T, c *api.Client, f *Fake)) {
	t.Run("http", func(t *testing.T) {
		f := NewFake(script)
		h := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		c, err := api.NewClient(&api.Config{Address: f.Serve(t), HttpClient: &h})
		require.NoError(t, err)
		check(t, c, f)
	})
	t.Run("transport", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			f := NewFake(script)
			check(t, f.Client(t), f)
		})
	})
}

func TestFakeHeaders(t *testing.T) {
	t.Parallel()
	reply := Reply{Index: 7, Body: []*api.ServiceEntry{Entry("n", "a", "10.0.0.1", 80, "passing")}, NoLeader: true, Filtered: true, Deny: true}
	overBoth(t, Replies(reply), func(t *testing.T, c *api.Client, f *Fake) {
		q := &api.QueryOptions{WaitIndex: 5, WaitTime: time.Second, Token: "t"}
		entries, meta, err := c.Health().Service("web", "", true, q)
		require.NoError(t, err)
		require.Equal(t, "a", entries[0].Service.ID)
		require.Equal(t, uint64(7), meta.LastIndex)
		require.True(t, meta.ResultsFilteredByACLs)
		require.False(t, meta.KnownLeader)
		require.Equal(t, "deny", meta.DefaultACLPolicy)

		got := f.Queries()
		require.Len(t, got, 1)
		require.Equal(t, "/health/service/web", got[0].Path)
		require.Equal(t, uint64(5), got[0].Index)
		require.Equal(t, time.Second, got[0].Wait)
		require.Equal(t, "t", got[0].Token)
		require.True(t, got[0].Blocking())
	})
}

func TestFakeFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		reply Reply
		want  string
	}{
		{"permission denied", Reply{Status: 403, Text: "Permission denied"}, "403 (Permission denied)"},
		{"server error", Reply{Status: 500, Text: "No cluster leader"}, "500 (No cluster leader)"},
		{"truncated body", Reply{Cut: true, Body: []string{"abc"}}, "unexpected EOF"},
		{"hanging", Reply{Hang: true}, context.DeadlineExceeded.Error()},
		{"late", Reply{After: time.Hour}, context.DeadlineExceeded.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			overBoth(t, Replies(tt.reply), func(t *testing.T, c *api.Client, _ *Fake) {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				_, _, err := c.Catalog().Services((&api.QueryOptions{}).WithContext(ctx))
				require.ErrorContains(t, err, tt.want)
			})
		})
	}
}
