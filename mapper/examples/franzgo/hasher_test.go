package franzgo_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/mapper/examples/franzgo"
	"github.com/proxenos/proxenos/ring/slots"
)

const (
	keys  = 3000
	topic = "orders"
)

func key(i int) string { return fmt.Sprint("user:", i) }

// startKafka starts the brokers that the authors of franz-go test with, in this
// process. They speak Kafka's protocol.
func startKafka(t *testing.T, partitions int32) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(partitions, topic))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func connect(t *testing.T, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...))...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// produce sends a record for every key and returns their partitions.
func produce(t *testing.T, c *kfake.Cluster, p kgo.Partitioner) []int32 {
	t.Helper()
	client := connect(t, c, kgo.RecordPartitioner(p), kgo.DefaultProduceTopic(topic))
	records := make([]*kgo.Record, keys)
	for i := range records {
		records[i] = kgo.KeyStringRecord(key(i), "data")
	}
	require.NoError(t, client.ProduceSync(t.Context(), records...).FirstErr())
	partitions := make([]int32, keys)
	for i, r := range records {
		partitions[i] = r.Partition
	}
	return partitions
}

// consume returns the partition in which each key arrives.
func consume(ctx context.Context, t *testing.T, c *kfake.Cluster) map[string]int32 {
	t.Helper()
	client := connect(t, c, kgo.ConsumeTopics(topic))
	found := map[string]int32{}
	for len(found) < keys {
		fetches := client.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { found[string(r.Key)] = r.Partition })
	}
	return found
}

func grow(t *testing.T, c *kfake.Cluster, partitions int32) {
	t.Helper()
	req := kmsg.NewPtrCreatePartitionsRequest()
	change := kmsg.NewCreatePartitionsRequestTopic()
	change.Topic, change.Count = topic, partitions
	req.Topics = append(req.Topics, change)
	resp, err := req.RequestWith(t.Context(), connect(t, c))
	require.NoError(t, err)
	require.Zero(t, resp.Topics[0].ErrorCode)
}

// moved counts the keys that changed their partition, and those of them that are in
// a new one.
func moved(before, after []int32, old int32) (all, toNew int) {
	for i, partition := range after {
		if partition != before[i] {
			all++
			if partition >= old {
				toNew++
			}
		}
	}
	return all, toNew
}

// selected returns the partition that Select names for each key.
func selected(t *testing.T, partitions int, scheme slots.Scheme) []int32 {
	t.Helper()
	var ids []string
	for i := range partitions {
		ids = append(ids, strconv.Itoa(i))
	}
	m, err := slots.New(ids, slots.Config[string]{ID: func(id string) string { return id }, Scheme: scheme})
	require.NoError(t, err)
	names := make([]int32, keys)
	for i := range names {
		id, _ := m.Select(key(i))
		n, err := strconv.ParseInt(id, 10, 32)
		require.NoError(t, err)
		names[i] = int32(n)
	}
	return names
}

// TestTopicGrows: every record arrives in the partition that Select names. When a
// topic grows from 12 to 16 partitions, a quarter of the keys moves, to the new
// ones.
func TestTopicGrows(t *testing.T) {
	t.Parallel()
	c := startKafka(t, 12)
	p := kgo.UniformBytesPartitioner(64<<10, true, true, franzgo.Hasher())
	before := produce(t, c, p)
	require.Equal(t, selected(t, 12, slots.Jump("")), before)
	arrived := consume(t.Context(), t, c)
	for i, partition := range before {
		require.Equal(t, partition, arrived[key(i)])
	}
	grow(t, c, 16)
	after := produce(t, c, p)
	require.Equal(t, selected(t, 16, slots.Jump("")), after)
	all, toNew := moved(before, after, 12)
	t.Logf("%d records in the partitions that Select names; 12 to 16 partitions: %d keys moved, %d of them to the new ones", keys, all, toNew)
	require.Equal(t, all, toNew)
	require.InDelta(t, keys/4, all, keys/40)
}

// TestItDoesNotAgreeWithJava: the hasher of franz-go is that of the Java client. It
// names other partitions, and moves three quarters of the keys.
func TestItDoesNotAgreeWithJava(t *testing.T) {
	t.Parallel()
	c := startKafka(t, 12)
	before := produce(t, c, kgo.StickyKeyPartitioner(nil))
	require.Equal(t, selected(t, 12, slots.Modulo("kafka-murmur2")), before)
	same := 0
	for i, partition := range selected(t, 12, slots.Jump("")) {
		if partition == before[i] {
			same++
		}
	}
	grow(t, c, 16)
	all, _ := moved(before, produce(t, c, kgo.StickyKeyPartitioner(nil)), 12)
	t.Logf("%d of %d keys in the partition of the Java client; there %d keys move", same, keys, all)
	require.InDelta(t, keys/12, same, keys/40, "no more than by chance")
	require.InDelta(t, keys*3/4, all, keys/20)
}

// TestDeadBroker: another broker takes over the partitions of one that is removed,
// and no key changes its partition.
func TestDeadBroker(t *testing.T) {
	t.Parallel()
	c := startKafka(t, 12)
	p := kgo.StickyKeyPartitioner(franzgo.Hasher())
	before := produce(t, c, p)
	require.NoError(t, c.RemoveNode(c.LeaderFor(topic, before[0])))
	require.Equal(t, before, produce(t, c, p))
}

// TestKeylessRecords: a record without a key needs no partition of its own.
func TestKeylessRecords(t *testing.T) {
	t.Parallel()
	p := kgo.StickyKeyPartitioner(franzgo.Hasher()).ForTopic(topic)
	require.False(t, p.RequiresConsistency(kgo.StringRecord("data")))
	require.True(t, p.RequiresConsistency(kgo.KeyStringRecord("user:42", "data")))
}

// TestEdges: one partition, none, and an empty key.
func TestEdges(t *testing.T) {
	t.Parallel()
	hash := franzgo.Hasher()
	require.Zero(t, hash([]byte("user:42"), 1))
	require.Zero(t, hash(nil, 1))
	require.Equal(t, hash([]byte{}, 12), hash(nil, 12))
	require.Equal(t, -1, hash([]byte("user:42"), 0))
}

func TestMain(m *testing.M) { leaktest.Main(m) }
