// Package redisslots queries a server of a Redis Cluster for the owners of its
// slots, by the command CLUSTER SLOTS of the protocol RESP2.
package redisslots

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/proxenos/proxenos/ring/slots"
)

// Limits on what a server may answer.
const (
	timeout   = 5 * time.Second
	maxReply  = 4 << 20 // bytes
	maxItems  = slots.ClusterSlots
	maxDepth  = 6
	maxString = 1 << 10
)

// Server is a server of a Redis Cluster.
type Server struct {
	Address  string // HOST:PORT
	User     string // of an access control list; empty is the default user
	Password string // empty means without authentication
}

// ErrAuth is in the chain of the error of a server that requires a password, or
// rejects the one that is given.
var ErrAuth = errors.New("authentication failed")

// Query returns the ranges of slots with the host and port of their primaries. It
// takes at most five seconds.
func (s *Server) Query() ([]slots.Range, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	conn, err := net.DialTimeout("tcp", s.Address, timeout)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // the reply is complete, or an error
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	r := bufio.NewReader(io.LimitReader(conn, maxReply))
	if s.Password != "" {
		words := []string{"AUTH", s.User, s.Password}
		if s.User == "" {
			words = []string{"AUTH", s.Password} // all that Redis before 6 knows
		}
		if _, err := ask(conn, r, words...); err != nil {
			return nil, fmt.Errorf("AUTH: %w", err)
		}
	}
	reply, err := ask(conn, r, "CLUSTER", "SLOTS")
	if err != nil {
		return nil, fmt.Errorf("CLUSTER SLOTS: %w", err)
	}
	return ranges(reply, host)
}

// ask sends a command and reads its reply.
func ask(w io.Writer, r *bufio.Reader, words ...string) (any, error) {
	command := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, word := range words {
		command = fmt.Appendf(command, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := w.Write(command); err != nil {
		return nil, err
	}
	return readReply(r, 0)
}

var errReply = errors.New("not a reply of a Redis server")

// readReply reads a value of RESP2: an int64, a string, a nil or a []any.
func readReply(r *bufio.Reader, depth int) (any, error) {
	line, err := readLine(r)
	if err != nil {
		return nil, err
	}
	if line == "" || depth > maxDepth {
		return nil, errReply
	}
	switch kind, text := line[0], line[1:]; kind {
	case '-':
		return nil, serverError(text)
	case '+':
		return text, nil
	case ':':
		return strconv.ParseInt(text, 10, 64)
	case '$':
		return readString(r, text)
	case '*':
		return readArray(r, text, depth)
	default:
		return nil, errReply
	}
}

// serverError returns the error that a server reports. Redis before 6 rejects a
// password without a code of its own.
func serverError(text string) error {
	code, _, _ := strings.Cut(text, " ")
	if code == "NOAUTH" || code == "WRONGPASS" || code == "NOPERM" || text == "ERR invalid password" {
		return fmt.Errorf("%w: the server says %.200q", ErrAuth, text)
	}
	return fmt.Errorf("the server says %.200q", text)
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n') // at most the buffer, 4096 bytes
	if err != nil {
		return "", err
	}
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return "", errReply
	}
	return string(line[:len(line)-2]), nil
}

// size parses a length of at most limit; -1 is the length of nil.
func size(text string, limit int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < -1 || n > limit {
		return 0, fmt.Errorf("length %.20q: %w", text, errReply)
	}
	return n, nil
}

func readString(r *bufio.Reader, length string) (any, error) {
	n, err := size(length, maxString)
	if err != nil || n < 0 {
		return nil, err
	}
	text := make([]byte, n+2)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	return string(text[:n]), nil
}

func readArray(r *bufio.Reader, length string, depth int) (any, error) {
	n, err := size(length, maxItems)
	if err != nil || n < 0 {
		return nil, err
	}
	var items []any
	for range n {
		item, err := readReply(r, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// ranges turns the reply into ranges. Each of its items has the first and the last
// slot, and then the nodes, the primary first: host, port and more. A host that the
// server does not know of itself is the one that was queried.
func ranges(reply any, queried string) ([]slots.Range, error) {
	items, ok := reply.([]any)
	if !ok {
		return nil, errReply
	}
	if len(items) == 0 {
		return nil, errors.New("CLUSTER SLOTS: the cluster has no slots")
	}
	all := make([]slots.Range, len(items))
	for i, item := range items {
		fields, _ := item.([]any)
		if len(fields) < 3 {
			return nil, errReply
		}
		primary, _ := fields[2].([]any)
		if len(primary) < 2 {
			return nil, errReply
		}
		first, ok1 := fields[0].(int64)
		last, ok2 := fields[1].(int64)
		port, ok3 := primary[1].(int64)
		if !ok1 || !ok2 || !ok3 || first < 0 || last >= slots.ClusterSlots || first > last {
			return nil, errReply
		}
		host, _ := primary[0].(string)
		if host == "" {
			host = queried
		}
		all[i] = slots.Range{First: int(first), Last: int(last), ID: net.JoinHostPort(host, strconv.FormatInt(port, 10))}
	}
	return all, nil
}
