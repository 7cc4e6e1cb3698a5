package servecmd

import (
	"context"
	"net"
	"time"
)

// notifier tells systemd the state of the service. The zero value tells nothing.
type notifier struct {
	socket string // of NOTIFY_SOCKET; a leading @ is the abstract namespace
}

// readyWhen sends READY=1 when every set is ready.
func (n *notifier) readyWhen(ctx context.Context, sets []*set) {
	if n.socket == "" {
		return
	}
	for _, s := range sets {
		for {
			replaced := s.current.Load().replaced
			if s.unready() == nil {
				break
			}
			select {
			case <-replaced:
			case <-ctx.Done():
				return
			}
		}
	}
	n.send("READY=1")
}

// stopping sends that the service stops.
func (n *notifier) stopping() { n.send("STOPPING=1") }

// send sends a datagram. A failure changes nothing about the service.
func (n *notifier) send(state string) {
	if n.socket == "" {
		return
	}
	c, err := net.DialTimeout("unixgram", n.socket, time.Second)
	if err != nil {
		return
	}
	_, _ = c.Write([]byte(state))
	_ = c.Close()
}
