package locator

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/connlimit"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// listenQuietly returns a server that does not serve, and what it logs.
func listenQuietly(t *testing.T) (*Server, *bytes.Buffer) {
	var log bytes.Buffer
	s, err := Listen(t.Context(), Config{Refresh: -1, Log: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, &log
}

func TestMembersAreBounded(t *testing.T) {
	t.Parallel()
	s, log := listenQuietly(t)
	known := wire.Location{Address: "127.0.0.1", Port: 1}
	// The authorities include the server, so that it does not forward the calls.
	by := []*wire.Location{locationOf(s.self)}
	for port := range int16(MaxMembers - 1) {
		require.NoError(t, s.Add(t.Context(), &wire.Location{Address: "127.0.0.1", Port: port + 1}, by))
	}
	require.Len(t, s.members.load().nodes, MaxMembers)
	stranger := &wire.Location{Address: "127.0.0.1", Port: 20000}
	require.Error(t, s.Add(t.Context(), stranger, by))
	require.Error(t, s.Join(t.Context(), stranger))
	require.Len(t, s.members.load().nodes, MaxMembers)
	require.Contains(t, log.String(), "the network is full")
	require.NoError(t, s.Add(t.Context(), &known, by), "a member")
	require.NoError(t, s.Remove(t.Context(), &known, by))
	require.NoError(t, s.Add(t.Context(), stranger, by), "there is room again")
	assert.Less(t, strings.Count(log.String(), "added a node"), 3*logBurst, "lines are rate limited")

	_, err := newMembers(nil).add(s.members.load().nodes...)
	require.NoError(t, err)
	_, err = newMembers(nil).add(append(s.members.load().nodes, mapper.Node{Name: "~"})...)
	require.ErrorIs(t, err, errFull, "a peer's list")
}

// TestSilentConnectionsDoNotLockOut opens more silent connections than there are
// places.
func TestSilentConnectionsDoNotLockOut(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Refresh: -1, Limits: ServerLimits{Conns: 8}})
	var silent []net.Conn
	for range 64 {
		conn, err := net.Dial("tcp", s.Self().Addr)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		silent = append(silent, conn)
	}
	c := NewClient(s.Self().Addr, CallConfig{})
	require.NoError(t, c.Ping(t.Context()), "at once")
	for _, conn := range silent {
		requireClosed(t, conn)
	}
}

// requireClosed waits until the server closes the connection.
func requireClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)), "a third of Limits.Idle")
	_, err := conn.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestHandshakeIsBounded(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Refresh: -1, TLS: &tls.Config{MinVersion: tls.VersionTLS13}, Limits: ServerLimits{FirstByte: 100 * time.Millisecond}})
	conn, err := net.Dial("tcp", s.Self().Addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte{0x16})
	require.NoError(t, err)
	requireClosed(t, conn)
}

// TestPlacesAreReservedForMembers has strangers at addresses of their own, which
// send messages.
func TestPlacesAreReservedForMembers(t *testing.T) {
	t.Parallel()
	known := func(a net.Addr) bool { return connlimit.Origin(a) == "127.0.0.99" }
	s := start(t, Config{Refresh: -1, Limits: ServerLimits{Conns: 4, Reserved: 2, Known: known}})
	ping := func(host string) error {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
		conn, err := dialer.Dial("tcp", s.Self().Addr)
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Skip("this system has one loopback address")
		}
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
		_, err = conn.Write([]byte("\x80\x01\x00\x01\x00\x00\x00\x04ping\x00\x00\x00\x00\x00"))
		if err == nil {
			_, err = io.ReadFull(conn, make([]byte, 4))
		}
		return err
	}
	for i, host := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"} {
		require.Equal(t, i < 2, ping(host) == nil, host)
	}
	require.NoError(t, ping("127.0.0.1"), "the address of a member")
	require.NoError(t, ping("127.0.0.99"), "an address of Limits.Known")
}

// TestMembersByHostNameHaveReservedPlaces adds a member by a host name that resolves
// to loopback.
func TestMembersByHostNameHaveReservedPlaces(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.2:0")
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Skip("this system has one loopback address")
	}
	require.NoError(t, err)
	require.NoError(t, free.Close())
	s := start(t, Config{Host: "127.0.0.2", Refresh: -1})
	from := func(host string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(host), Port: 5000} }
	require.True(t, s.isKnown(from("127.0.0.2")), "its own address")
	require.False(t, s.isKnown(from("127.0.0.1")))
	node := newNode("localhost", 1)
	require.NoError(t, s.Add(t.Context(), locationOf(node), []*wire.Location{locationOf(s.Self())}))
	require.True(t, s.isKnown(from("127.0.0.1")))
	_, err = s.members.add(newNode("127.0.0.3", 1))
	require.NoError(t, err)
	require.True(t, s.isKnown(from("127.0.0.1")), "other members do not change that")
	s.Unreachable(node, errors.New("gone"))
	require.False(t, s.isKnown(from("127.0.0.1")))
	require.Empty(t, s.members.hosts)
}

func TestUnreachableLogsTheCause(t *testing.T) {
	t.Parallel()
	s, log := listenQuietly(t)
	node := newNode("127.0.0.1", 1)
	_, err := s.members.add(node)
	require.NoError(t, err)
	s.Unreachable(node, errors.New("connection refused"))
	require.Contains(t, log.String(), `msg="removed an unreachable node" node=127.0.0.1:1 err="connection refused"`)
	require.False(t, s.members.load().has(node.Name))
}

func TestLogLimitSumsUp(t *testing.T) {
	t.Parallel()
	var l logLimit
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for range logBurst {
		suppressed, ok := l.allow(noon)
		require.True(t, ok)
		require.Zero(t, suppressed)
	}
	for range 600 {
		_, ok := l.allow(noon.Add(logInterval / 2))
		require.False(t, ok)
	}
	suppressed, ok := l.allow(noon.Add(logInterval))
	require.True(t, ok)
	require.Equal(t, 600, suppressed)
	_, ok = l.allow(noon.Add(logInterval))
	require.False(t, ok)
	for range logBurst {
		_, ok = l.allow(noon.Add(time.Hour))
		require.True(t, ok, "full again")
	}
}
