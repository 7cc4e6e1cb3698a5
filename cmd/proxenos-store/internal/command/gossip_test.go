package command

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGossipPort(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "19900", gossipPort("127.0.0.1:9900"))
	assert.Equal(t, "65535", gossipPort("::1:55535"))
	assert.Equal(t, "45536", gossipPort("host:55536"))
	assert.Equal(t, "55535", gossipPort("host:65535"))
}
