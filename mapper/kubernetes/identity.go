package kubernetes

import (
	"fmt"
	"strings"
)

// Identity says what names a node: IdentityPod, IdentityAddress, IdentityNode or
// IdentityLabel. The package comment says how many keys each moves at a rolling
// restart.
type Identity string

const (
	// IdentityPod is the name of the pod. A StatefulSet keeps its names; a
	// Deployment makes new ones at each rollout.
	IdentityPod Identity = ""
	// IdentityAddress is the address as the node's Addr has it, for clients that
	// have nothing else in common. Pods get new addresses at each restart.
	IdentityAddress Identity = "address"
	// IdentityNode is the name of the Kubernetes node that the pod runs on, for a
	// DaemonSet. Of several pods on a node one counts: one that is not
	// terminating, if possible.
	IdentityNode Identity = "node"

	labelPrefix = "label:"
)

// IdentityLabel is the value of a label of the pod. Needs read access to pods. An
// endpoint whose pod lacks the label is left out, and the set is partial.
func IdentityLabel(key string) Identity { return Identity(labelPrefix + key) }

func (i Identity) check() error {
	key, ok := i.labelKey()
	if i == IdentityPod || i == IdentityAddress || i == IdentityNode || ok && key != "" {
		return nil
	}
	return configError("identity %q: must be %s, %s, %sKEY or empty for the pod's name", string(i), IdentityAddress, IdentityNode, labelPrefix)
}

func (i Identity) labelKey() (string, bool) { return strings.CutPrefix(string(i), labelPrefix) }

// name returns the name of an endpoint. Pod is nil unless pods are read.
func (i Identity) name(e *endpoint, p *pod) (string, error) {
	key, byLabel := i.labelKey()
	switch {
	case byLabel && p == nil:
		return "", fmt.Errorf("%w: %s is of no known pod, whose label %q would name it", ErrIdentity, e, key)
	case byLabel && p.labels[key] == "":
		return "", fmt.Errorf("%w: %s has no label %q", ErrIdentity, e, key)
	case byLabel:
		return p.labels[key], nil
	case i == IdentityAddress:
		return e.node.Addr, nil
	case i == IdentityNode && e.host == "":
		return "", fmt.Errorf("%w: %s is on no known node", ErrIdentity, e)
	case i == IdentityNode:
		return e.host, nil
	case e.pod == "":
		return "", fmt.Errorf("%w: %s is of no pod", ErrIdentity, e)
	}
	return e.pod, nil
}
