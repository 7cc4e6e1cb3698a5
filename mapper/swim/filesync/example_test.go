package filesync_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/proxenos/proxenos/mapper/swim"
	"github.com/proxenos/proxenos/mapper/swim/filesync"
)

func Example() {
	dir, err := os.MkdirTemp("", "node1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	mirror, err := filesync.Open(dir, "127.0.0.1:2001", filesync.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer mirror.Close()
	_ = os.WriteFile(filepath.Join(dir, ".local", "weight"), []byte("2"), 0o600)
	metadata, err := mirror.Local()
	fmt.Printf("%s %v\n", metadata["weight"], err)

	cluster, err := swim.Join(context.Background(), swim.Config{
		Name: "127.0.0.1:2001", Bind: "127.0.0.1:0", Metadata: metadata, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // a program lets it run until a signal
	fmt.Println(mirror.Run(ctx, cluster))
	// Output:
	// 2 <nil>
	// <nil>
}

func ExampleSafeName() {
	fmt.Println(filesync.SafeName("weight"))
	fmt.Println(filesync.SafeName("../weight"))
	// Output:
	// <nil>
	// the name "../weight" starts with a dot
}

// opened is a mirror in a folder that is removed by the function.
func opened() (*filesync.Mirror, func()) {
	dir, err := os.MkdirTemp("", "node")
	if err != nil {
		panic(err)
	}
	m, err := filesync.Open(dir, "127.0.0.1:2001", filesync.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	return m, func() { _ = os.RemoveAll(dir) }
}

func ExampleOpen() {
	_, err := filesync.Open(os.TempDir(), "../x", filesync.Config{})
	fmt.Println(err)
	// Output: the name "../x" cannot be a folder of the mirror
}

func ExampleMirror_Local() {
	m, done := opened()
	defer done()
	metadata, err := m.Local()
	fmt.Println(len(metadata), err)
	// Output: 0 <nil>
}

func ExampleMirror_Reload() {
	m, done := opened()
	defer done()
	cluster, err := swim.Join(context.Background(), swim.Config{Name: "127.0.0.1:2001", Bind: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	fmt.Println(m.Reload(cluster))
	// Output: <nil>
}

func ExampleMirror_Run() {
	m, done := opened()
	defer done()
	cluster, err := swim.Join(context.Background(), swim.Config{Name: "127.0.0.1:2001", Bind: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cluster.Close())
	fmt.Println(m.Run(context.Background(), cluster)) // it ends with the member
	// Output:
	// <nil>
	// <nil>
}

func ExampleMirror_Watch() {
	m, done := opened()
	defer done()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(m.Watch(ctx, func() { fmt.Println("changed") }))
	// Output: <nil>
}

func ExampleMirror_Close() {
	m, done := opened()
	defer done()
	fmt.Println(m.Close())
	// Output: <nil>
}
