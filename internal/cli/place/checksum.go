package place

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/mapper"
)

// ChecksumText returns the checksum of the placement in hexadecimal digits.
// Placements with the same checksum agree on the ID of the owner of every key.
func (p *Placement) ChecksumText() string { return fmt.Sprintf("%016x", p.Checksum()) }

// AddressChecksum identifies the addresses of the nodes by ID, in hexadecimal
// digits. Programs that agree on IDs and have the same address checksum agree on
// the address of the owner of every key.
func AddressChecksum(nodes []mapper.Node) string {
	byID := slices.Clone(nodes)
	slices.SortFunc(byID, func(a, b mapper.Node) int { return cmp.Compare(a.ID(), b.ID()) })
	sum := nodeset.NewChecksum("addresses v1")
	for _, n := range byID {
		sum.String(n.ID())
		sum.String(n.Address())
	}
	return fmt.Sprintf("%016x", sum.Sum())
}
