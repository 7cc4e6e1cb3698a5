package dns

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// server is a DNS server on loopback whose zone a test writes. It listens by
// TCP only, unless udp is called.
type server struct {
	addr string

	mu     sync.Mutex
	srv    map[string][]net.SRV
	ips    map[string][]string
	rcode  dnsmessage.RCode // of every answer if it is not 0
	silent bool             // never answers

	truncated     bool            // every answer has the flag TC
	truncateHosts bool            // answers with addresses have it
	failFor       dnsmessage.Type // a kind of record that cannot be looked up

	queries []string
}

func serve(t testing.TB) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{addr: l.Addr().String(), srv: map[string][]net.SRV{}, ips: map[string][]string{}}
	var running sync.WaitGroup
	var conns sync.Map
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(c, true)
			running.Go(func() {
				s.stream(c)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		conns.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
		running.Wait()
	})
	return s
}

// set replaces the records of the service.
func (s *server) set(records ...net.SRV) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.srv[web] = records
}

// add adds records to those of the service.
func (s *server) add(records ...net.SRV) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.srv[web] = append(s.srv[web], records...)
}

func (s *server) answerWith(rcode dnsmessage.RCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcode = rcode
}

// stream answers the questions of one connection, each with its length before
// it (RFC 1035, 4.2.2).
func (s *server) stream(c net.Conn) {
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, question); err != nil {
			return
		}
		answer := s.answer(question)
		if answer == nil {
			continue
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (s *server) answer(question []byte) []byte {
	var q dnsmessage.Message
	if err := q.Unpack(question); err != nil || len(q.Questions) != 1 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, q.Questions[0].Name.String())
	if s.silent {
		return nil
	}
	a := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: q.ID, Response: true, Authoritative: true, RCode: s.rcode},
		Questions: q.Questions,
	}
	kind := q.Questions[0].Type
	a.Truncated = s.truncated || s.truncateHosts && kind != dnsmessage.TypeSRV
	if kind == s.failFor {
		a.RCode = dnsmessage.RCodeServerFailure
	} else if s.rcode == 0 {
		a.Answers, a.RCode = s.records(q.Questions[0])
	}
	b, err := a.Pack()
	if err != nil {
		panic(err) // the test wrote an invalid zone
	}
	return b
}

// records is called with the lock held.
func (s *server) records(q dnsmessage.Question) ([]dnsmessage.Resource, dnsmessage.RCode) {
	name := strings.TrimSuffix(q.Name.String(), ".")
	srv, isService := s.srv[name]
	ips, isHost := s.ips[name]
	if !isService && !isHost {
		return nil, dnsmessage.RCodeNameError
	}
	var answers []dnsmessage.Resource
	header := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, Type: q.Type}
	for _, r := range srv {
		if q.Type == dnsmessage.TypeSRV {
			answers = append(answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.SRVResource{
				Priority: r.Priority, Weight: r.Weight, Port: r.Port, Target: dnsmessage.MustNewName(r.Target),
			}})
		}
	}
	for _, text := range ips {
		ip := netip.MustParseAddr(text)
		switch {
		case ip.Is4() && q.Type == dnsmessage.TypeA:
			answers = append(answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}})
		case ip.Is6() && q.Type == dnsmessage.TypeAAAA:
			answers = append(answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
		}
	}
	return answers, dnsmessage.RCodeSuccess
}

// pack returns the answer to a query for the service.
func (s *server) pack(t *testing.T) []byte {
	t.Helper()
	q := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(web + "."), Type: dnsmessage.TypeSRV, Class: dnsmessage.ClassINET}}}
	b, err := q.Pack()
	require.NoError(t, err)
	return s.answer(b)
}

func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queries)
}
