package status

import (
	"net"
	"testing"
	"time"

	"github.com/proxenos/proxenos/internal/testkit/pagetest"
)

func TestPageBounds(t *testing.T) {
	pagetest.Run(t, func(l net.Listener) (stop func()) {
		p := &Page{}
		p.serve(l)
		return func() { _ = p.Close() }
	}, pagetest.Bounds{
		FirstByte: 2 * time.Second, Header: 2 * time.Second, Body: 5 * time.Second, Reply: 10 * time.Second, Idle: time.Minute, Bytes: 16 << 10,
	})
}
