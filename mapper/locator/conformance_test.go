package locator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
)

// located returns nodes as a locator knows them: by name and address only.
func located(published []mapper.Node) []mapper.Node {
	list := []mapper.Node{}
	for _, n := range published {
		list = append(list, mapper.Node{Name: n.Name, Addr: n.Addr})
	}
	return list
}

// publish makes the nodes the members of a server.
func publish(s *Server) func(testing.TB, []mapper.Node) {
	return func(t testing.TB, nodes []mapper.Node) {
		wanted := located(nodes)
		for _, n := range s.members.load().nodes {
			if !contains(wanted, n) {
				_, err := s.members.remove(n.Name)
				require.NoError(t, err)
			}
		}
		_, err := s.members.add(wanted...)
		require.NoError(t, err)
	}
}

func TestServerConformance(t *testing.T) {
	t.Parallel()
	mappertest.Test(t, func(t *testing.T) mappertest.Source {
		s := start(t, Config{Refresh: -1})
		return mappertest.Source{Mapper: s.Server, Publish: publish(s.Server), Want: located}
	})
}

func TestClientConformance(t *testing.T) {
	t.Parallel()
	mappertest.Test(t, func(t *testing.T) mappertest.Source {
		s := start(t, Config{Refresh: -1})
		return mappertest.Source{Mapper: NewClient(s.Self().Addr, CallConfig{}), Publish: publish(s.Server), Want: named}
	})
}

// named returns nodes as they arrive from the wire: the name derives from the
// address.
func named(published []mapper.Node) []mapper.Node {
	list := []mapper.Node{}
	for _, n := range published {
		if node, err := nodeOf(locationOf(n)); err == nil {
			list = append(list, node)
		}
	}
	return list
}
