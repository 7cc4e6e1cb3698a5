package locator

import (
	"context"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// Ping answers a ping.
func (s *Server) Ping(context.Context) error { return nil }

// ServiceType answers with the last of Config.Services.
func (s *Server) ServiceType(context.Context) (string, error) {
	return s.cfg.Services[len(s.cfg.Services)-1], nil
}

// ServiceTypes answers with Config.Services.
func (s *Server) ServiceTypes(context.Context) ([]string, error) {
	return slices.Clone(s.cfg.Services), nil
}

// Debug writes the members to the log, if Config.AllowDebug is set.
func (s *Server) Debug(context.Context) error {
	if !s.cfg.AllowDebug {
		return s.refuse("debug", errDisabled)
	}
	s.cfg.Log.Info("debug", "node", s.self.Name, "members", names(s.members.load().nodes))
	return nil
}

// Die makes Serve leave and return, if Config.AllowDie is set.
func (s *Server) Die(context.Context) error {
	if !s.cfg.AllowDie {
		return s.refuse("die", errDisabled)
	}
	s.dieOnce.Do(func() { close(s.dying) })
	return nil
}

// GetAll answers with the members, except those that 2009 cannot write.
func (s *Server) GetAll(context.Context) ([]*wire.Location, error) {
	return locationsOf(s.members.load().narrow), nil
}

// GetAllWide answers with the members.
func (s *Server) GetAllWide(context.Context) ([]*wire.Location, error) {
	return locationsOf(s.members.load().nodes), nil
}

// GetNode answers with the owner of a key among those that 2009 can write.
// Asked in turn, it knows an owner that is not.
func (s *Server) GetNode(_ context.Context, key string) (*wire.Location, error) {
	return answer(s.members.load().owner09(key))
}

// GetNodeWide answers with the owner of a key.
func (s *Server) GetNodeWide(_ context.Context, key string) (*wire.Location, error) {
	return answer(s.members.load().owner(key))
}

// answer never returns a nil location without an error: a client would only be
// told of an unknown result.
func answer(owner mapper.Node, ok bool) (*wire.Location, error) {
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
