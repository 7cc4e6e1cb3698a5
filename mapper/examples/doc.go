// Package examples holds adapters that let well-known libraries place keys by a
// view ([github.com/proxenos/proxenos/mapper.View]). Each package below it is small:
// import it, or copy its file and adapt it. Its test runs against the real server
// and counts what happens when one is killed.
//
//   - franzgo: a partitioner for github.com/twmb/franz-go, unlike that of Java
//   - gomemcache: a ServerSelector for github.com/bradfitz/gomemcache
//   - goredis: the shards of a Ring of github.com/redis/go-redis, with weights
//   - groupcache: a PeerPicker for github.com/golang/groupcache
//   - prometheus: the state of a view as metrics
//
// They are a module of their own, so that proxenos depends on none of these
// libraries. Examples that need no library stand in the documentation of packages
// ring, rendezvous and mapper.
package examples
