package consul

import (
	"github.com/hashicorp/consul/api"

	"github.com/proxenos/proxenos/mapper"
)

// Health says which instances count, by the worst state among their own checks
// and their node's. An instance without checks is passing.
type Health string

const (
	// HealthPassing counts the instances whose checks all pass.
	HealthPassing Health = "passing"
	// HealthWarning also counts instances with a warning. They have the weight
	// that was registered for that state; a weight of 0 drains them.
	HealthWarning Health = "warning"
	// HealthAny counts all instances, critical ones and those in maintenance
	// included.
	HealthAny Health = "any"
)

func (h Health) check() error {
	switch h {
	case "", HealthPassing, HealthWarning, HealthAny:
		return nil
	}
	return configError("health %q: must be %s, %s or %s", string(h), HealthPassing, HealthWarning, HealthAny)
}

// admits reports whether an instance in that state counts.
func (h Health) admits(status string) bool {
	switch h {
	case HealthAny:
		return true
	case HealthWarning:
		return status == api.HealthPassing || status == api.HealthWarning
	default:
		return status == api.HealthPassing
	}
}

// statusOf returns the worst state of the instance and its node. An unknown
// state is critical.
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

// weigh gives the node the weight that was registered for its state. A weight
// of zero for the passing state means a registration without weights.
func weigh(n *mapper.Node, w api.AgentWeights, status string) {
	if status != api.HealthWarning || w == (api.AgentWeights{}) {
		n.Weight = float64(max(w.Passing, 0))
		return
	}
	n.Weight = float64(max(w.Warning, 0))
	n.Drain = w.Warning <= 0
}
