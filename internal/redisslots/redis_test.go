package redisslots

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/ring/slots"
)

// TestRedisServer queries a redis-server of a cluster of one, which requires a
// password, owns two ranges and does not know its own host.
func TestRedisServer(t *testing.T) {
	t.Parallel()
	program := servertest.RedisProgram.Path(t)
	port, bus := freeport.Take(t), freeport.Take(t)
	address := servertest.Loopback(port)
	servertest.Start(t, servertest.Command{
		Program: program,
		Args: []string{
			"--port", fmt.Sprint(port), "--cluster-port", fmt.Sprint(bus), "--bind", "127.0.0.1",
			"--cluster-enabled", "yes", "--save", "", "--dir", t.TempDir(),
			"--requirepass", "word", "--user", "reader", "on", ">other-word", "+cluster",
		},
		Ready: func(ctx context.Context) error {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err != nil {
				return err
			}
			return conn.Close()
		},
	})
	for name, s := range map[string]Server{
		"no password":           {},
		"another password":      {Password: "other"},
		"password of a user":    {Password: "other-word"},
		"password of another":   {User: "reader", Password: "word"},
		"a user that is absent": {User: "writer", Password: "word"},
	} {
		s.Address = address
		_, err := s.Query()
		require.ErrorIs(t, err, ErrAuth, name)
	}
	server := Server{Address: address, Password: "word"}
	_, err := server.Query()
	require.ErrorContains(t, err, "the cluster has no slots")

	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprint(conn, "AUTH word\r\nCLUSTER ADDSLOTSRANGE 0 99 16383 16383\r\n")
	require.NoError(t, err)
	reply := make([]byte, 10)
	_, err = io.ReadFull(conn, reply)
	require.NoError(t, err)
	require.Equal(t, "+OK\r\n+OK\r\n", string(reply))

	got, err := server.Query()
	require.NoError(t, err)
	reader := Server{Address: address, User: "reader", Password: "other-word"}
	asReader, err := reader.Query()
	require.NoError(t, err)
	assert.Equal(t, got, asReader)
	assert.Equal(t, []slots.Range{{First: 0, Last: 99, ID: address}, {First: 16383, Last: 16383, ID: address}}, got)

	_, err = fmt.Fprint(conn, "CLUSTER NODES\r\n")
	require.NoError(t, err)
	var size int
	_, err = fmt.Fscanf(conn, "$%d\r\n", &size)
	require.NoError(t, err)
	nodes := make([]byte, size)
	_, err = io.ReadFull(conn, nodes)
	require.NoError(t, err)
	parsed, err := slots.ParseRanges(strings.ReplaceAll(string(nodes), " :", " 127.0.0.1:")) // it does not know its host
	require.NoError(t, err)
	assert.Equal(t, got, parsed)
}
