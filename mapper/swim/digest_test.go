package swim

import (
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"
)

// settledLab joins members whose memberlist does no push-pulls of its own, and
// waits until no change is recent.
func settledLab(l *lab, n int, change ...func(i int, cfg *Config)) []*Cluster {
	var all []*Cluster
	for i := range n {
		cfg := l.config(i)
		cfg.Tune = func(c *memberlist.Config) { c.PushPullInterval = 0 }
		for _, f := range change {
			f(i, &cfg)
		}
		all = append(all, l.join(cfg))
	}
	l.within("all see all", func() bool { return sees(all, StatusOnline, n) })
	time.Sleep(30 * time.Second)
	return all
}

func TestSettledClusterOpensNoStream(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		settledLab(l, 12)
		before := l.net.Streams("")
		time.Sleep(2 * time.Minute)
		require.Equal(t, before, l.net.Streams(""), "a stream without loss or news")
	})
}

// TestMemberThatMissedAChangeCatchesUp cuts a member off while a change is
// gossiped. Only digests can repair that.
func TestMemberThatMissedAChangeCatchesUp(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := settledLab(l, 8)
		deaf := all[5].cfg.Name
		l.net.SetCut(func(_, to string) bool { return to == deaf })
		require.NoError(t, all[1].SetMetadata(map[string][]byte{"k": []byte("v")}))
		time.Sleep(1500 * time.Millisecond)
		l.net.SetCut(nil)
		require.Empty(t, all[5].metadataOf(all[1].cfg.Name))
		took := l.within("repaired", func() bool { return string(all[5].metadataOf(all[1].cfg.Name)["k"]) == "v" })
		t.Log("repaired after", took)
	})
}

// TestFullTableIsNotRepairedForever has a member with a full table, so that
// every digest with the new member finds it behind.
func TestFullTableIsNotRepairedForever(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := settledLab(l, 8, func(i int, cfg *Config) {
			if i == 5 {
				cfg.maxMembers = 8
			}
		})
		full := all[5]
		before := l.net.Streams(full.cfg.Name)
		l.join(l.config(8))
		time.Sleep(2 * time.Minute)
		require.Zero(t, status(full, address(8)))
		// The pauses double from at least half of Settle, and the digests end 10
		// seconds after the last member learned of the new one.
		require.LessOrEqual(t, l.net.Streams(full.cfg.Name)-before, 8)
	})
}
