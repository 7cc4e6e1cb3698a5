package dns_test

import (
	"context"
	"fmt"
	"time"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/dns"
)

// The web service of a Consul agent on this machine, by its DNS interface. The
// context of this example has ended, so it sends no query.
func ExampleSRV_Nodes() {
	source := &dns.SRV{Name: "web.service.consul", Server: "127.0.0.1:8600", Resolve: true}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := source.Nodes(ctx)
	fmt.Println(err)
	// Output: context canceled
}

// The answer of DNS is confirmed by a server, or an error. The context of this
// example is over before it asks.
func ExampleSRV_Ask() {
	source := &dns.SRV{Name: "_http._tcp.example.test"}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	u, err := source.Ask(ctx)
	fmt.Println(len(u.Nodes), u.Confirmed.IsZero(), err)
	// Output: 0 true context canceled
}

// SRV records change without notice, so they are polled.
func ExampleSRV() {
	ctx, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	polled := &mapper.Polled{Source: &dns.SRV{Name: "_http._tcp.example.test"}, Every: 30 * time.Second}
	for u := range polled.Watch(ctx) {
		fmt.Println(u.Nodes, u.Err)
	}
	fmt.Println(ctx.Err())
	// Output: context deadline exceeded
}
