package slots_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/ring/slots"
)

// TestModuloTakesTheBitsOfItsHash: a 32-bit hash that a program keeps in a signed
// integer has other high bits.
func TestModuloTakesTheBitsOfItsHash(t *testing.T) {
	t.Parallel()
	for _, name := range slots.ModuloHashes() {
		m, err := slots.New([]string{"0", "1", "2", "3", "4", "5", "6"}, slots.Config[string]{ID: func(id string) string { return id }, Scheme: slots.Modulo(name)})
		require.NoError(t, err)
		for key := range 100 {
			text := strconv.Itoa(key)
			want, _ := m.Select(text)
			h := m.Hash(text)
			got, _ := m.SelectHash(h)
			assert.Equal(t, want, got, name)
			if name != "prometheus-md5" { // the only one of 64 bits
				require.Zero(t, h>>32, name)
				got, _ = m.SelectHash(h | 0xffffffff<<32)
				assert.Equal(t, want, got, name)
				assert.Equal(t, []string{want}, m.SelectAllHashes(nil, []uint64{h | 0xffffffff<<32}), name)
			}
		}
	}
}
