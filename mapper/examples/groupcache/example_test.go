package groupcache_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	lib "github.com/golang/groupcache"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/examples/groupcache"
	"github.com/proxenos/proxenos/mapper/static"
	"github.com/proxenos/proxenos/rendezvous"
)

// A process caches thumbnails together with its peers, which a file lists. Self is the
// name that the process has there.
func ExamplePeers() {
	ctx := context.Background()
	view, err := mapper.Follow(ctx, &static.File{Path: "/etc/app/peers.txt"}, rendezvous.Build)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer view.Close()
	peers := &groupcache.Peers[*rendezvous.Set[mapper.Node]]{View: view, Self: "thumbs-0", Client: &http.Client{Timeout: 5 * time.Second}}
	lib.RegisterPeerPicker(func() lib.PeerPicker { return peers })
	thumbs := lib.NewGroup("thumbs", 64<<20, lib.GetterFunc(func(_ context.Context, key string, dest lib.Sink) error {
		return dest.SetString("the thumbnail of " + key)
	}))
	http.Handle(groupcache.Path, peers)
	go func() { fmt.Println(http.ListenAndServe(":8080", nil)) }() //nolint:gosec // peers are trusted

	var thumb []byte
	if err := thumbs.Get(ctx, "big.jpg", lib.AllocatingByteSliceSink(&thumb)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(thumb))
}
