package rendezvous_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/proxenos/proxenos/rendezvous"
)

// Database is a server that holds shards.
type Database struct {
	Name string
	DSN  string
	TB   float64
}

func (d Database) ID() string        { return d.Name }
func (d Database) Capacity() float64 { return d.TB }

// shards is a database of 1024 shards on several servers. A shard is a schema, or a
// set of tables, and moves as a whole. A tenant never changes its shard; only the
// server of the shard can change.
type shards struct{ table *rendezvous.Table[Database] }

// openShards divides the shards among the servers by their capacity.
func openShards(servers ...Database) (*shards, error) {
	set, err := rendezvous.Build(servers)
	if err != nil {
		return nil, err
	}
	table, err := set.Table(10)
	if err != nil {
		return nil, err
	}
	return &shards{table}, nil
}

// of returns the server of a tenant and the name of the schema there. A program keeps
// one *sql.DB for each server.
func (s *shards) of(tenant string) (server Database, schema string) {
	shard := s.table.Slot(tenant)
	server, _ = s.table.Owner(shard)
	return server, fmt.Sprintf("shard_%04d", shard)
}

// movesTo lists the shards to copy before next is used, by source and destination.
func (s *shards) movesTo(next *shards) map[string][]int {
	moves := map[string][]int{}
	for shard := range s.table.Slots() {
		from, _ := s.table.Owner(shard)
		to, _ := next.table.Owner(shard)
		if from.Name != to.Name {
			route := from.Name + " to " + to.Name
			moves[route] = append(moves[route], shard)
		}
	}
	return moves
}

// Database shards: many small shards on few servers. A server that joins takes only
// its own share, from every other server; one that leaves gives its shards to the
// others.
func Example_databaseShards() {
	now, err := openShards(
		Database{"db-1", "postgres://10.0.0.1/app", 2},
		Database{"db-2", "postgres://10.0.0.2/app", 2},
		Database{"db-3", "postgres://10.0.0.3/app", 4},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	table, err := now.table.With(Database{"db-4", "postgres://10.0.0.4/app", 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	next := &shards{table}
	moves := now.movesTo(next)
	for _, route := range slices.Sorted(maps.Keys(moves)) {
		fmt.Println("copy", len(moves[route]), "of", now.table.Slots(), "shards from", route)
	}
	for _, tenant := range []string{"tenant:42", "tenant:45"} {
		before, schema := now.of(tenant)
		after, _ := next.of(tenant)
		fmt.Println(tenant, "is in", schema, "of", before.Name, "and then of", after.Name)
	}
	// Output:
	// copy 54 of 1024 shards from db-1 to db-4
	// copy 46 of 1024 shards from db-2 to db-4
	// copy 83 of 1024 shards from db-3 to db-4
	// tenant:42 is in shard_0719 of db-3 and then of db-3
	// tenant:45 is in shard_0109 of db-1 and then of db-4
}
