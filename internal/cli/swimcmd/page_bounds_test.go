package swimcmd

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/proxenos/proxenos/internal/testkit/pagetest"
)

func TestStatusPageBounds(t *testing.T) {
	pagetest.Run(t, func(l net.Listener) (stop func()) {
		p := &statusPage{socket: l, addr: l.Addr().String()}
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		p.serve(ctx, &running)
		return func() { cancel(); running.Wait() }
	}, pagetest.Bounds{
		FirstByte: 2 * time.Second, Header: 5 * time.Second, Body: 10 * time.Second, Reply: 10 * time.Second, Idle: time.Minute, Bytes: 16 << 10,
	})
}
