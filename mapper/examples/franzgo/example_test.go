package franzgo_test

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/proxenos/proxenos/mapper/examples/franzgo"
)

// A producer chooses partitions by the key. When the topic grows the key stays, or moves
// to a new partition.
func ExampleHasher() {
	hash := franzgo.Hasher()
	client, err := kgo.NewClient(
		kgo.SeedBrokers("kafka-1:9092"),
		kgo.RecordPartitioner(kgo.UniformBytesPartitioner(64<<10, true, true, hash)),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close() // client.ProduceSync

	for _, key := range []string{"user:42", "user:43", "user:44"} {
		fmt.Println(key, hash([]byte(key), 12), hash([]byte(key), 16))
	}
	// Output:
	// user:42 5 12
	// user:43 0 0
	// user:44 9 9
}
