package etcd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/proxenos/proxenos/mapper"
)

// keyValue is a key with its value. JSON has both in base64.
type keyValue struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

// page is how many keys one request reads.
const page = 1000

// MaxKeys is the most keys below the prefix. More is an error.
const MaxKeys = 1 << 20

// state is what is known of the prefix at one revision.
type state struct {
	cluster  string
	revision int64
	records  map[string]record // by key
}

// record is what the value of a key says: a node, or why it holds none. It is
// parsed once, so that the cost of a change does not grow with the size of all
// values.
type record struct {
	node mapper.Node
	err  error
}

type rangeRequest struct {
	Key       []byte `json:"key"`
	RangeEnd  []byte `json:"range_end"`
	Limit     int64  `json:"limit,omitzero"`
	Revision  int64  `json:"revision,omitzero"`
	CountOnly bool   `json:"count_only,omitzero"`
}

type rangeAnswer struct {
	Header header     `json:"header"`
	Kvs    []keyValue `json:"kvs"`
	More   bool       `json:"more"`
}

// readings is how often a read begins again.
const readings = 3

// read reads the prefix at one revision, by pages. If that revision is compacted
// meanwhile, it begins again.
func (c *client) read(ctx context.Context) (s state, err error) {
	for range readings {
		if s, err = c.readOnce(ctx); !errors.Is(err, errCompacted) {
			break
		}
	}
	return s, err
}

func (c *client) readOnce(ctx context.Context) (state, error) {
	s := state{records: map[string]record{}}
	next := []byte(c.config.Prefix)
	for {
		var a rangeAnswer
		err := c.call(ctx, "/v3/kv/range", rangeRequest{Key: next, RangeEnd: c.end(), Limit: page, Revision: s.revision}, &a)
		switch {
		case err != nil:
			return state{}, err
		case a.Header.Revision <= 0:
			return state{}, errNotEtcd
		}
		if s.revision == 0 { // later pages are of the same revision
			s.cluster, s.revision = a.Header.ClusterID, a.Header.Revision
		}
		for _, kv := range a.Kvs {
			if err := s.put(c.config.Prefix, kv); err != nil {
				return state{}, err
			}
		}
		if !a.More || len(a.Kvs) == 0 {
			return s, nil
		}
		next = append(a.Kvs[len(a.Kvs)-1].Key, 0)
	}
}

var errNotEtcd = errors.New("the answer has no revision: is it an etcd server?")

// put takes a key of an answer.
func (s *state) put(prefix string, kv keyValue) error {
	key := string(kv.Key)
	if !strings.HasPrefix(key, prefix) {
		return fmt.Errorf("the answer holds the key %q, which is not below the prefix", key)
	}
	n, err := nodeOf(strings.TrimPrefix(key, prefix), string(kv.Value))
	s.records[key] = record{n, err}
	if len(s.records) > MaxKeys {
		return fmt.Errorf("more than %d keys are below the prefix", MaxKeys)
	}
	return nil
}

// confirm makes the server count the keys, which it does only with a quorum.
func (c *client) confirm(ctx context.Context) error {
	var a rangeAnswer
	err := c.call(ctx, "/v3/kv/range", rangeRequest{Key: []byte(c.config.Prefix), RangeEnd: c.end(), CountOnly: true}, &a)
	if err == nil && a.Header.Revision <= 0 {
		err = errNotEtcd
	}
	return err
}

// end returns the least key after all keys with the prefix: the prefix with its
// last byte increased. For a prefix of 0xff alone that is a zero byte, which means
// all keys from the prefix on.
func (c *client) end() []byte {
	end := []byte(c.config.Prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return []byte{0}
}
