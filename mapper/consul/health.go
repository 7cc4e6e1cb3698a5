package consul

import (
	"github.com/hashicorp/consul/api"

	"github.com/proxenos/proxenos/mapper"
)

// Health says which instances count, by the worst of their own checks and
// their node's. An instance without checks is passing.
type Health string

// The instances that count.
const (
	// Passing counts those whose checks all pass.
	Passing Health = "passing"
	// Warning also counts those with a warning. They have the weight that was
	// registered for that state; a weight of 0 drains them.
	Warning Health = "warning"
	// Any counts all, also critical instances and those in maintenance.
	Any Health = "any"
)

func (h Health) check() error {
	switch h {
	case "", Passing, Warning, Any:
		return nil
	}
	return configError("health %q: must be %s, %s or %s", string(h), Passing, Warning, Any)
}

// admits reports whether an instance in that state counts.
func (h Health) admits(status string) bool {
	switch h {
	case Any:
		return true
	case Warning:
		return status == api.HealthPassing || status == api.HealthWarning
	default:
		return status == api.HealthPassing
	}
}

// statusOf is the worst state of the instance and its node. A state that
// nobody has heard of is critical.
func statusOf(e *api.ServiceEntry) string {
	checks := make(api.HealthChecks, 0, len(e.Checks))
	for _, c := range e.Checks {
		if c != nil {
			checks = append(checks, c)
		}
	}
	if s := checks.AggregatedStatus(); s != "" {
		return s
	}
	return api.HealthCritical
}

// weigh gives the node the weight that was registered for its state. Zero for
// the passing state is what a registration without weights looks like.
func weigh(n *mapper.Node, w api.AgentWeights, status string) {
	if status != api.HealthWarning || w == (api.AgentWeights{}) {
		n.Weight = float64(max(w.Passing, 0))
		return
	}
	n.Weight = float64(max(w.Warning, 0))
	n.Drain = w.Warning <= 0
}
