package legacy

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// alone is a node whose members do not change, so that no call leads to another
// host.
type alone struct{ *Node }

func (alone) Join(context.Context, *wire.Location) error                     { return nil }
func (alone) Add(context.Context, *wire.Location, []*wire.Location) error    { return nil }
func (alone) Remove(context.Context, *wire.Location, []*wire.Location) error { return nil }

// FuzzCalls gives a node the bytes of calls, after which it must still hold what
// is put.
func FuzzCalls(f *testing.F) {
	for _, text := range []string{
		"800100010000000470696e670000000000",
		"8001000100000003676574000000000b0001000000016b00",
		"8001000400000003707574000000000b0001000000016b0b0002000000017600",
		"8001000400000003707574000000000b0001000000000b000200000000" + "00",
		"80010001000000036765740000000000",                    // no key
		"80010001000000036765740000000008000100000001" + "00", // a number for the key
		"800100010000000367657400000000" + "0b00017fffffff",   // a length beyond the end
		"00000003676574010000000" + "00b0001000000016b00",     // the old form, without a version
	} {
		raw, err := hex.DecodeString(text)
		require.NoError(f, err)
		f.Add(raw)
	}
	node := listen(f, "")
	processor := peerwire.NewStoreProcessor(alone{node})
	cfg := &thrift.TConfiguration{MaxMessageSize: 1 << 16}
	f.Fuzz(func(t *testing.T, data []byte) {
		in, out := thrift.NewTMemoryBuffer(), thrift.NewTMemoryBuffer()
		_, err := in.Write(data)
		require.NoError(t, err)
		for in.Len() > 0 {
			if ok, err := processor.Process(t.Context(), thrift.NewTBinaryProtocolConf(in, cfg), thrift.NewTBinaryProtocolConf(out, cfg)); !ok || err != nil {
				break // the connection would close
			}
		}
		key := string(data)
		require.NoError(t, node.Put(t.Context(), key, key))
		value, err := node.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, key, value)
		node.drop(key, key)
	})
}
