package locator

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

func TestLocations(t *testing.T) {
	t.Parallel()
	wide := int32(40000)
	tests := []struct {
		name, host string
		port       uint16
		want       *wire.Location
	}{
		{"narrow", "127.0.0.1", 9900, &wire.Location{Address: "127.0.0.1", Port: 9900}},
		{"greatest of 2009", "h", 32767, &wire.Location{Address: "h", Port: 32767}},
		{"wide", "h", 40000, &wire.Location{Address: "h", WidePort: &wide}},
		{"IPv6 with a zone", "fe80::1%eth0", 9900, &wire.Location{Address: "fe80::1%eth0", Port: 9900}},
		{"IPv6", "::1", 9900, &wire.Location{Address: "::1", Port: 9900}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			node := newNode(tt.host, tt.port)
			assert.Equal(t, tt.want, locationOf(node))
			got, err := nodeOf(tt.want)
			require.NoError(t, err)
			assert.Equal(t, node, got)
		})
	}
	assert.Equal(t, "::1:9900", newNode("::1", 9900).Name, "a ring of 2009 hashes the name without brackets")
	assert.Equal(t, "[::1]:9900", newNode("::1", 9900).Addr, "a dialer needs brackets")
}

func TestTruncatedPort(t *testing.T) {
	t.Parallel()
	got, err := nodeOf(&wire.Location{Address: "h", Port: -15536})
	require.NoError(t, err)
	assert.Equal(t, "h:50000", got.Name, "a port that a peer truncated to 16 bits")
}

func TestInvalidLocations(t *testing.T) {
	t.Parallel()
	negative, huge := int32(-1), int32(65536)
	for name, l := range map[string]*wire.Location{
		"missing":      nil,
		"empty":        {},
		"no port":      {Address: "h"},
		"spaces":       {Address: "a b", Port: 1},
		"control":      {Address: "a\x1b[2J", Port: 1},
		"path":         {Address: "../etc", Port: 1},
		"wild zone":    {Address: "fe80::1%\x1b[2J", Port: 1},
		"negative":     {Address: "h", WidePort: &negative},
		"beyond 65535": {Address: "h", WidePort: &huge},
	} {
		_, err := nodeOf(l)
		assert.Error(t, err, name)
	}
}

// The client of 2009 failed on these ports. They have a field of their own now.
func TestWidePortField(t *testing.T) {
	t.Parallel()
	refused := 0
	for _, row := range vectors.Open(t, goldenWire).Rows {
		if row.None("request_error") {
			continue
		}
		refused++
	}
	require.Equal(t, 3, refused)
	for _, port := range []uint16{32768, 40000, 65535} {
		l := newLocation("h", port)
		assert.Zero(t, l.GetPort())
		assert.EqualValues(t, port, l.GetWidePort())
	}
}
