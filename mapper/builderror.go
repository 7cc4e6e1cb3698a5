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
}

// maxGone is the number of names in the text of a BuildError.
const maxGone = 5

// Error gives the reason and names nodes that are gone.
func (e *BuildError) Error() string {
	text := fmt.Sprintf("building from %d nodes: %v", e.Nodes, e.Err)
	if len(e.Gone) == 0 {
		return text
	}
	names := strings.Join(e.Gone[:min(len(e.Gone), maxGone)], ", ")
	if more := len(e.Gone) - maxGone; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%s; still in use although gone: %s", text, names)
}

// Unwrap returns the error of the build function.
func (e *BuildError) Unwrap() error { return e.Err }

// buildError returns the error of a build from the nodes of an update.
func buildError(err error, built, reported []Node) *BuildError {
	present := make(map[string]bool, len(reported))
	for _, n := range reported {
		present[n.Name] = true
	}
	e := &BuildError{Err: err, Nodes: len(reported)}
	for _, n := range built {
		if !present[n.Name] {
			e.Gone = append(e.Gone, n.Name)
		}
	}
	slices.Sort(e.Gone)
	return e
}

// newlyGone returns the names of the nodes of err that are in use although they are
// gone, or nil if the log has them already.
func (f *follower[T]) newlyGone(err error) []string {
	var gone []string
	if b := (*BuildError)(nil); errors.As(err, &b) {
		gone = b.Gone
	}
	known := slices.Equal(gone, f.gone)
	f.gone = gone
	if known {
		return nil
	}
	return gone
}
