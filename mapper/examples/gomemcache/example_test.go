package gomemcache_test

import (
	"context"
	"fmt"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/examples/gomemcache"
	"github.com/proxenos/proxenos/mapper/static"
	"github.com/proxenos/proxenos/rendezvous"
)

// A client follows its servers. Here they are a list; package consul, dns or kubernetes
// has sources that change.
func ExampleNew() {
	source, err := static.Flags([]string{"cache-1=10.0.0.1:11211", "cache-2=10.0.0.2:11211", "cache-3=10.0.0.3:11211"})
	if err != nil {
		fmt.Println(err)
		return
	}
	view, err := mapper.Follow(context.Background(), source, rendezvous.Build)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer view.Close()
	selector := gomemcache.New(view)
	client := memcache.NewFromSelector(selector) // client.Get, client.Set
	defer client.Close()

	addr, err := selector.PickServer("user:42")
	fmt.Println(addr, err)
	// Output:
	// 10.0.0.3:11211 <nil>
}
