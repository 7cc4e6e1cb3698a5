package redisslots

import (
	"bufio"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/ring/slots"
)

// serve answers one connection with a reply, and returns the address.
func serve(t *testing.T, reply string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		for range 5 { // the lines of the command
			if _, err := r.ReadString('\n'); err != nil {
				return
			}
		}
		_, _ = io.WriteString(conn, reply)
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}

func TestQuery(t *testing.T) {
	t.Parallel()
	const node = "*4\r\n$9\r\n127.0.0.1\r\n:7001\r\n$4\r\nabcd\r\n*0\r\n"
	address := serve(t, "*3\r\n"+
		"*4\r\n:0\r\n:5460\r\n"+node+"*3\r\n$9\r\n127.0.0.9\r\n:7009\r\n$4\r\nefgh\r\n"+
		"*3\r\n:5461\r\n:5461\r\n*4\r\n$-1\r\n:7002\r\n$4\r\nabcd\r\n*2\r\n+hostname\r\n$-1\r\n"+
		"*3\r\n:5462\r\n:16383\r\n*3\r\n$0\r\n\r\n:7003\r\n$4\r\nabcd\r\n")
	got, err := (&Server{Address: address}).Query()
	require.NoError(t, err)
	assert.Equal(t, []slots.Range{{First: 0, Last: 5460, ID: "127.0.0.1:7001"}, {First: 5461, Last: 5461, ID: "127.0.0.1:7002"},
		{First: 5462, Last: 16383, ID: "127.0.0.1:7003"}}, got)
}

func TestQueryRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, reply, says string }{
		{"an error", "-NOAUTH Authentication required.\r\n", `the server says "NOAUTH Authentication required."`},
		{"no reply", "", "EOF"},
		{"an HTTP server", "HTTP/1.1 400 Bad Request\r\n", "not a reply of a Redis server"},
		{"no slots", "*0\r\n", "the cluster has no slots"},
		{"a string", "+OK\r\n", "not a reply"},
		{"a line without CR", "+OK\n", "not a reply"},
		{"a long line", "+" + string(make([]byte, 5000)) + "\r\n", "buffer full"},
		{"too many items", "*16385\r\n", `length "16385"`},
		{"a negative length", "*-2\r\n", `length "-2"`},
		{"a long string", "$2000\r\n", `length "2000"`},
		{"too deep", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "not a reply"},
		{"a range without a node", "*1\r\n*2\r\n:0\r\n:5\r\n", "not a reply"},
		{"a node without a port", "*1\r\n*3\r\n:0\r\n:5\r\n*1\r\n+h\r\n", "not a reply"},
		{"slots beyond the last", "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n+h\r\n:1\r\n", "not a reply"},
		{"slots backwards", "*1\r\n*3\r\n:5\r\n:3\r\n*2\r\n+h\r\n:1\r\n", "not a reply"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := (&Server{Address: serve(t, c.reply)}).Query()
			assert.ErrorContains(t, err, c.says)
		})
	}
	_, err := (&Server{Address: serve(t, "-ERR invalid password\r\n"), User: "u", Password: "p"}).Query()
	assert.ErrorIs(t, err, ErrAuth)
	_, err = (&Server{Address: "localhost"}).Query()
	assert.ErrorContains(t, err, "missing port")
}
