package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// checker goes through the checks of a file.
type checker struct {
	std    *streams
	room   *checkRoom
	file   *checkfile.File
	scheme schemeOptions
	keys   keysOptions
	nodes  []mapper.Node
	placed *placement // nil if there is nobody to choose
}

// newChecker finds the nodes and places keys on them as the file says.
func (o *checkOptions) newChecker(ctx context.Context, room *checkRoom) (*checker, error) {
	k := &checker{std: o.std, room: room, file: room.file}
	var err error
	if k.scheme, err = schemeOf(room.file, o.std); err != nil {
		return nil, fileFault(room.name, err)
	}
	k.keys = keysOptions{sample: room.file.Sample, file: room.file.Keys}
	if k.keys.sample == 0 {
		k.keys.sample = defaultSample
	}
	if k.keys.file != "" {
		k.keys.opener = func(path string) (*os.File, error) { return room.open(path, "keys") }
	}
	if k.nodes, err = o.nodes(ctx, room); err != nil {
		return nil, err
	}
	if anybody(k.nodes) {
		k.placed, err = k.scheme.build(k.nodes)
	}
	return k, err
}

func anybody(nodes []mapper.Node) bool { return able(nodes) > 0 }

// able returns how many nodes can be given keys.
func able(nodes []mapper.Node) (count int) {
	for _, n := range nodes {
		if n.Capacity() > 0 {
			count++
		}
	}
	return count
}

// nodes returns those that the flags name with --live, and otherwise those of
// the file.
func (o *checkOptions) nodes(ctx context.Context, room *checkRoom) ([]mapper.Node, error) {
	from := room.file.Nodes
	switch {
	case o.live:
		f, err := o.source.ask(ctx, o.std)
		if err != nil {
			return nil, err
		}
		return f.nodes, nil
	case from.Inline != nil:
		list, err := static.Flags(from.Inline)
		if err != nil {
			return nil, fileFault(room.name, err)
		}
		return list.Nodes(ctx)
	case from.File != "":
		list, err := room.list(from.File)
		if err != nil {
			return nil, err
		}
		return list.Nodes(ctx)
	default:
		return nil, withHint(fmt.Errorf("%s: it names no nodes", room.name), "nodes: FILE, or --live to ask a source")
	}
}

// schemeOf reads the settings of the file as if they were flags.
func schemeOf(f *checkfile.File, std *streams) (o schemeOptions, err error) {
	c := &cobra.Command{}
	o.bind(c, algorithms)
	settings := map[string]string{"algorithm": f.Algorithm, "hash-method": f.Hash}
	if f.Points > 0 {
		settings["points"] = strconv.Itoa(f.Points)
	}
	if f.TableBits > 0 {
		settings["table-bits"] = strconv.Itoa(f.TableBits)
	}
	for flag, value := range settings {
		if value == "" {
			continue
		}
		if err := c.Flags().Set(flag, value); err != nil {
			return o, err
		}
	}
	return o, o.parse(c, std)
}

// update records the present owner of every pin.
func (k *checker) update() error {
	if k.placed == nil {
		return k.nobody()
	}
	recorded, err := k.file.Record(k.room.data, func(key string) string {
		i, _ := k.placed.Select(key) // there is somebody
		return k.nodes[i].ID()
	})
	if err != nil {
		return err
	}
	return rewriteFile(k.room.path, recorded)
}

func (k *checker) nobody() error {
	return as(errNobody, fmt.Errorf("nobody to choose: none of %d nodes can be given a key", len(k.nodes)))
}

// checkAll goes through all checks. An error is about the file; what is not so
// is in the results.
func (k *checker) checkAll(ctx context.Context) (*report.Suite, error) {
	s := &report.Suite{File: k.room.name}
	for _, c := range k.file.Checks {
		began := time.Now()
		r := &result{Result: report.Result{Name: tame(c.Name), Line: c.Line}}
		if err := k.check(ctx, &c, r); err != nil {
			return nil, err
		}
		r.Elapsed = time.Since(began)
		s.Checks = append(s.Checks, r.Result)
	}
	return s, nil
}
