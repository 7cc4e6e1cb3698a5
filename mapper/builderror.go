package mapper

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// BuildError is the error of a View while no value can be built of the nodes that
// the source reports. The value is then that of the nodes before.
type BuildError struct {
	Err   error // of the build function
	Nodes int   // the number of nodes that the source reports
	// Gone holds the names of nodes that the value is built from although the
	// source no longer reports them, in ascending order.
	Gone []string
	// Drained holds the names of nodes that the value gives keys to although the
	// source now reports them as drained, in ascending order.
	Drained []string
}

// maxGone is the greatest number of names in each list of a BuildError's text.
const maxGone = 5

// Error gives the reason and names nodes that are gone or drained.
func (e *BuildError) Error() string {
	text := fmt.Sprintf("building from %d %s: %v", e.Nodes, nodesWord(e.Nodes), e.Err)
	return text + inUse("gone", e.Gone) + inUse("drained", e.Drained)
}

// inUse says which nodes are in use although they are gone or drained.
func inUse(although string, nodes []string) string {
	if len(nodes) == 0 {
		return ""
	}
	names := strings.Join(nodes[:min(len(nodes), maxGone)], ", ")
	if more := len(nodes) - maxGone; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("; still in use although %s: %s", although, names)
}

// Unwrap returns the error of the build function.
func (e *BuildError) Unwrap() error { return e.Err }

// buildError returns the error of a build from the nodes of an update.
func buildError(err error, built, reported []Node) *BuildError {
	present := make(map[string]Node, len(reported))
	for _, n := range reported {
		present[n.Name] = n
	}
	e := &BuildError{Err: err, Nodes: len(reported)}
	for _, n := range built {
		switch now, ok := present[n.Name]; {
		case !ok:
			e.Gone = append(e.Gone, n.Name)
		case now.Capacity() == 0 && n.Capacity() > 0:
			e.Drained = append(e.Drained, n.Name)
		}
	}
	slices.Sort(e.Gone)
	slices.Sort(e.Drained)
	return e
}

// newlyGone returns the names of the nodes of err that are in use although they are
// gone or drained, or nil if the log has them already.
func (f *follower[T]) newlyGone(err error) []string {
	var gone []string
	if b := (*BuildError)(nil); errors.As(err, &b) {
		gone = slices.Concat(b.Gone, b.Drained)
	}
	known := slices.Equal(gone, f.gone)
	f.gone = gone
	if known {
		return nil
	}
	return gone
}
