package logbuf

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBuffer writes from several goroutines and reads meanwhile: no line is
// lost or cut.
func TestBuffer(t *testing.T) {
	t.Parallel()
	var b Buffer
	require.Empty(t, b.String())
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for i := range 100 {
				fmt.Fprintf(&b, "line %d\n", i)
				_ = b.String()
			}
		})
	}
	writers.Wait()
	for i := range 100 {
		require.Equal(t, 8, strings.Count(b.String(), fmt.Sprintf("line %d\n", i)))
	}
}
