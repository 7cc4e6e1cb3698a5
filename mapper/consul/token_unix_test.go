//go:build unix

package consul

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/internal/testkit/fifo"
)

// TestTokenPipe gives the token by a pipe, as a shell's <(...) does: it can be
// read only once.
func TestTokenPipe(t *testing.T) {
	pipe := fifo.Make(t)
	wrote := make(chan error, 1)
	go func() { wrote <- os.WriteFile(pipe, []byte("piped\n"), 0) }()
	fake := consultest.NewFake(func(consultest.Query) consultest.Reply { return consultest.Reply{} })
	source := open(t, Config{Addr: fake.Serve(t), Service: "web", TokenFile: pipe})
	require.NoError(t, <-wrote)
	for i := range 2 {
		nodesOf(t, source)
		require.Equal(t, "piped", fake.Queries()[i].Token)
	}
}
