package ring

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTicketsAreReused: the ledger grows only when more leases are held than ever
// before.
func TestTicketsAreReused(t *testing.T) {
	t.Parallel()
	b := newBalancer(t, 2, weighted{"a", 1}, weighted{"b", 1})
	for range 10 {
		var held []Lease[weighted]
		for range 3 {
			lease, ok := b.Acquire("k")
			require.True(t, ok)
			held = append(held, lease)
		}
		for _, lease := range held {
			require.True(t, lease.Release())
		}
		require.Len(t, b.ledger.tickets, 3)
		require.Len(t, b.ledger.free, 3)
	}
}
