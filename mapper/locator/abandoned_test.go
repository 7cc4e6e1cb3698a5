package locator

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// slowHandler serves service_type after the test lets it.
type slowHandler struct {
	*recorder
	proceed   chan struct{}
	abandoned chan bool
}

func (h *slowHandler) ServiceType(ctx context.Context) (string, error) {
	<-h.proceed
	h.abandoned <- Abandoned(ctx)
	return "slow", nil
}

func TestAbandoned(t *testing.T) {
	t.Parallel()
	assert.False(t, Abandoned(t.Context()), "not a call")
	h := &slowHandler{recorder: &recorder{}, proceed: make(chan struct{}), abandoned: make(chan bool, 1)}
	s, err := Listen(t.Context(), Config{Refresh: -1, Log: testLog(t)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, wire.NewLocatorProcessor(h)) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-done) })
	request := []byte("\x80\x01\x00\x01\x00\x00\x00\x0cservice_type\x00\x00\x00\x00\x00")

	waiting, err := net.Dial("tcp", s.Self().Addr)
	require.NoError(t, err)
	defer func() { _ = waiting.Close() }()
	_, err = waiting.Write(request)
	require.NoError(t, err)
	h.proceed <- struct{}{}
	assert.False(t, <-h.abandoned, "the caller waits")
	reply := make([]byte, 4)
	_, err = waiting.Read(reply)
	require.NoError(t, err, "the connection still serves")

	gone, err := net.Dial("tcp", s.Self().Addr)
	require.NoError(t, err)
	_, err = gone.Write(request)
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	h.proceed <- struct{}{}
	assert.True(t, <-h.abandoned, "the caller has closed the connection")
}
