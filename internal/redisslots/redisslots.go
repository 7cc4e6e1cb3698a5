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

// Query returns the ranges of slots with the host and port of their primaries. The
// address is that of a server, "HOST:PORT". The query takes at most five seconds. A
// server that requires a password is an error.
func Query(address string) ([]slots.Range, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	conn, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // the reply is complete, or an error
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, "*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n"); err != nil {
		return nil, err
	}
	reply, err := readReply(bufio.NewReader(io.LimitReader(conn, maxReply)), 0)
	if err != nil {
		return nil, fmt.Errorf("CLUSTER SLOTS: %w", err)
	}
	return ranges(reply, host)
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
		return nil, fmt.Errorf("the server says %.200q", text)
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
