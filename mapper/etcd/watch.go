package etcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/proxenos/proxenos/internal/limitread"
	"github.com/proxenos/proxenos/internal/retry"
)

// settled is how long a watch must last to end a series of failures: a server may
// answer reads and refuse watches.
const settled = retry.LongestPause

// follow reads the prefix and watches it, again after each interruption, until
// the context ends.
func (s *Source) follow(ctx context.Context, to *publisher) {
	var pauses retry.Pauses
	var before state
	for ctx.Err() == nil {
		c, found, err := s.read(ctx)
		if err == nil {
			if before.isLost(found) {
				s.config.Log.Warn("etcd is another cluster than before, or has an older state", "endpoint", c.endpoint, "prefix", s.config.Prefix)
				to.keep(s.fail(c, errHeld))
			}
			to.set(update(found))
			begin := time.Now()
			err = s.watch(ctx, c, &found, to)
			if time.Since(begin) > settled {
				pauses.Reset()
			}
			before = found
			if errors.Is(err, errCompacted) {
				continue
			}
			s.skip(c)
			err = s.fail(c, err)
		}
		if ctx.Err() != nil {
			return
		}
		to.fail(err)
		if !retry.Sleep(ctx, pauses.After(err)) {
			return
		}
	}
}

type watchRequest struct {
	Create struct {
		Key           []byte `json:"key"`
		RangeEnd      []byte `json:"range_end"`
		StartRevision int64  `json:"start_revision"`
	} `json:"create_request"`
}

// watchAnswer is one message of a watch.
type watchAnswer struct {
	Result struct {
		Header          header `json:"header"`
		Canceled        bool   `json:"canceled"`
		CancelReason    string `json:"cancel_reason"`
		CompactRevision int64  `json:"compact_revision,string"`
		Events          []struct {
			Type string   `json:"type"` // DELETE; put otherwise
			KV   keyValue `json:"kv"`
		} `json:"events"`
	} `json:"result"`
	Error *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// watch publishes changes since the state until something fails, and returns
// why.
func (s *Source) watch(ctx context.Context, c *client, found *state, to *publisher) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	confirmed := make(chan struct{})
	go func() {
		defer close(confirmed)
		s.confirm(ctx, c, cancel)
	}()
	defer func() { cancel(nil); <-confirmed }()

	var r watchRequest
	r.Create.Key, r.Create.RangeEnd, r.Create.StartRevision = []byte(c.config.Prefix), c.end(), found.revision+1
	body, err := c.open(ctx, "/v3/watch", r)
	if err == nil {
		err = s.changes(body, found, to)
		_ = body.Close()
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// confirm cancels the watch when the server no longer answers with a quorum.
func (s *Source) confirm(ctx context.Context, c *client, cancel context.CancelCauseFunc) {
	for retry.Sleep(ctx, s.config.Confirm) {
		if err := c.confirm(ctx); err != nil {
			cancel(err)
			return
		}
	}
}

// changes publishes each change that the body of a watch holds.
func (s *Source) changes(body io.Reader, found *state, to *publisher) error {
	limit := limitread.New(body, MaxAnswer)
	messages := json.NewDecoder(limit)
	for ; ; limit.Reset() {
		var a watchAnswer
		if err := messages.Decode(&a); err != nil {
			return fmt.Errorf("the watch ended: %w", err)
		}
		if err := a.failure(); err != nil {
			return err
		}
		if len(a.Result.Events) == 0 {
			continue
		}
		for _, e := range a.Result.Events {
			if e.Type == "DELETE" {
				delete(found.records, string(e.KV.Key))
			} else if err := found.put(s.config.Prefix, e.KV); err != nil {
				return err
			}
		}
		found.revision = max(found.revision, a.Result.Header.Revision)
		to.set(update(*found))
	}
}

// failure returns why the server ended the watch.
func (a watchAnswer) failure() error {
	switch {
	case a.Error != nil:
		return &refusal{status: 200, message: a.Error.Message}
	case a.Result.CompactRevision > 0:
		return errCompacted
	case a.Result.Canceled:
		return &refusal{status: 200, message: a.Result.CancelReason}
	}
	return nil
}
