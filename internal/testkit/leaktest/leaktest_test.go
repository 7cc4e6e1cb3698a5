package leaktest

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

func TestAwait(t *testing.T) {
	end := make(chan struct{})
	ended := make(chan struct{})
	go func() { <-end; close(ended) }()
	require.ErrorContains(t, await(time.Millisecond), "TestAwait", "the error names the goroutine that is left")
	close(end)
	<-ended
	require.NoError(t, await(patience))
}

func TestOpenFiles(t *testing.T) {
	before := OpenFiles(t)
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.Equal(t, before+1, OpenFiles(t))
	require.NoError(t, f.Close())
	require.Equal(t, before, OpenFiles(t))
}
