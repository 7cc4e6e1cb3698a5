package locator

import (
	"context"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// The methods in this file serve the calls of the IDL that do not change the
// members. Those that do are in chain.go.

// Ping serves ping.
func (s *Server) Ping(context.Context) error { return nil }

// ServiceType returns the last of [Config.Services].
func (s *Server) ServiceType(context.Context) (string, error) {
	return s.cfg.Services[len(s.cfg.Services)-1], nil
}

// ServiceTypes returns [Config.Services].
func (s *Server) ServiceTypes(context.Context) ([]string, error) {
	return slices.Clone(s.cfg.Services), nil
}

// Debug logs the members if [Config.AllowDebug] is set.
func (s *Server) Debug(context.Context) error {
	if !s.cfg.AllowDebug {
		return s.refuse("debug", errDisabled)
	}
	s.cfg.Log.Info("debug", "node", s.self.Name, "members", names(s.members.load().nodes))
	return nil
}

// Die makes [Server.Serve] leave and return if [Config.AllowDie] is set.
func (s *Server) Die(context.Context) error {
	if !s.cfg.AllowDie {
		return s.refuse("die", errDisabled)
	}
	s.dieOnce.Do(func() { close(s.dying) })
	return nil
}

// GetAll returns the members whose ports the wire of 2009 can hold.
func (s *Server) GetAll(context.Context) ([]*wire.Location, error) {
	return locationsOf(s.members.load().narrow), nil
}

// GetAllWide returns all members.
func (s *Server) GetAllWide(context.Context) ([]*wire.Location, error) {
	return locationsOf(s.members.load().nodes), nil
}

// GetNode returns the owner of a key among the members whose ports the wire of
// 2009 can hold. That member forwards requests to the actual owner.
func (s *Server) GetNode(_ context.Context, key string) (*wire.Location, error) {
	return ownerLocation(s.members.load().narrowOwner(key))
}

// GetNodeWide returns the owner of a key.
func (s *Server) GetNodeWide(_ context.Context, key string) (*wire.Location, error) {
	return ownerLocation(s.members.load().owner(key))
}

// ownerLocation returns an error if there is no owner: a client reports a nil
// location only as an unknown result.
func ownerLocation(owner mapper.Node, ok bool) (*wire.Location, error) {
	if !ok {
		return nil, thrift.NewTApplicationException(thrift.MISSING_RESULT, "no node owns the key")
	}
	return locationOf(owner), nil
}

func names(nodes []mapper.Node) []string {
	list := make([]string, len(nodes))
	for i, n := range nodes {
		list[i] = n.Name
	}
	return list
}
