package figures

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper"
)

// result is the result of a running check.
type result struct{ report.Result }

// failf adds a failure. It escapes the message for logs.
func (r *result) failf(line int, format string, args ...any) {
	r.Failures = append(r.Failures, report.Failure{Line: line, Message: term.Escape(fmt.Sprintf(format, args...))})
}

// take adds the failures of gates.
func (r *result) take(line int, prefix string, v *gateResult) {
	for _, f := range v.failures {
		r.failf(line, "%s%s", prefix, f)
	}
}

func (k *checker) check(ctx context.Context, c *checkfile.Check, r *result) error {
	if c.Nodes != nil {
		k.checkCount(c, r)
		return nil
	}
	if k.placed == nil {
		r.failf(c.Line, "%v", k.noNodes())
		return nil
	}
	switch {
	case c.Pins != nil:
		k.checkPins(c, r)
		return nil
	case c.Checksum != nil:
		k.checkChecksum(c.Checksum, r)
		return nil
	case c.Shares != nil:
		return k.checkShares(ctx, c, r)
	case c.Movement != nil:
		return k.checkMovement(ctx, c, r)
	case c.Shards != nil:
		k.checkOverlap(c, r)
		return nil
	case c.Domains != nil:
		return k.checkDomains(ctx, c, r)
	case c.LoadAfterLoss != nil:
		return k.checkLoss(ctx, c, r)
	default:
		return k.checkSpread(ctx, c, r)
	}
}

func (k *checker) checkCount(c *checkfile.Check, r *result) {
	n := place.Eligible(k.nodes)
	r.Note = term.Plural(n, "node")
	if n < c.Nodes.Min {
		r.failf(c.Line, "%s not drained; the minimum is %d", term.Plural(n, "node"), c.Nodes.Min)
	}
	if c.Nodes.Max > 0 && n > c.Nodes.Max {
		r.failf(c.Line, "%s not drained; the limit is %d", term.Plural(n, "node"), c.Nodes.Max)
	}
	zone, names := zonesOf(k.nodes)
	count := make([]int, len(names))
	for i, n := range k.nodes {
		if n.Capacity() != 0 {
			count[zone[i]]++
		}
	}
	for i, name := range names {
		if count[i] < c.Nodes.MinPerZone {
			r.failf(c.Line, "zone %q has %s not drained; the minimum of each zone is %d", name, term.Plural(count[i], "node"), c.Nodes.MinPerZone)
		}
	}
}

func (k *checker) checkPins(c *checkfile.Check, r *result) {
	r.Note = term.Plural(len(c.Pins), "pin")
	for _, pin := range c.Pins {
		owners := k.owners(pin.Key, max(1, len(pin.Nodes)))
		switch {
		case len(pin.Nodes) == 0:
			r.failf(pin.Line, "key %q belongs to %q, but its pin is not recorded; --update records it", pin.Key, owners[0])
		case !slices.Equal(owners, pin.Nodes):
			r.failf(pin.Line, "key %q belongs to %s, but is pinned to %s", pin.Key, quoted(owners), quoted(pin.Nodes))
		}
	}
}

// quoted quotes IDs.
func quoted(ids []string) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.Quote(id)
	}
	return strings.Join(list, ", ")
}

func (k *checker) checkChecksum(want *checkfile.Checksum, r *result) {
	switch r.Note = "checksum " + k.placed.ChecksumText(); want.Text {
	case k.placed.ChecksumText():
	case "":
		r.failf(want.Line, "the placement has the checksum %s, but none is recorded; --update records it", k.placed.ChecksumText())
	default:
		r.failf(want.Line, "the placement has the checksum %s, but is pinned to %s", k.placed.ChecksumText(), want.Text)
	}
}

// at prefixes an error with the check file and a line.
func (k *checker) at(line int, err error) error {
	return &lineError{fileFault(fmt.Sprintf("%s:%d", k.folder.name, line), err), line}
}

// fileFault turns a usage error into an error of a file, which has another exit
// code.
func fileFault(name string, err error) error {
	return term.Hint(fmt.Errorf("%s: %s", name, err.Error()), "%s", term.HintOf(err))
}

// amount formats a number of keys, or their weight if keys have weights.
func (k *checker) amount(keys int64) string {
	if k.keys.Weighted {
		return fmt.Sprintf("keys of weight %d", keys)
	}
	return term.Plural(int(keys), "key")
}

// rankedKeys returns fewer sample keys than other checks use, because ranking is
// slow, and all keys of a file.
func (k *checker) rankedKeys() *answer.Keys {
	keys := k.keys
	keys.Sample = min(keys.Sample, rankedKeys(len(k.nodes)))
	return &keys
}

// zonePolicy parses a policy of the file. The parser of the file takes no other.
func zonePolicy(name string, otherwise mapper.ZonePolicy) mapper.ZonePolicy {
	if p, err := mapper.ParseZonePolicy(name); err == nil {
		return p
	}
	return otherwise
}
