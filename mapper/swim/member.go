package swim

import (
	"time"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// Member is one member of the cluster as the local member sees it.
type Member struct {
	// Name is unique in the cluster.
	Name string `json:"name"`
	// Addr is where the member gossips, as host:port.
	Addr string `json:"address"`
	// Status is the status of the member since StatusTime. Previous is the one
	// before, or zero.
	Status     Status    `json:"status"`
	StatusTime time.Time `json:"since"`
	Previous   Status    `json:"previous"`
	// Generation counts the starts of the member's process under its name: a
	// greater one is another process. See [Config.Generation].
	Generation uint64 `json:"generation"`
	// Clock numbers the versions of the metadata: a change has a greater one
	// than any change, of any member, that the member had seen.
	Clock uint64 `json:"clock"`
	// Metadata is what the member announces about itself; nil if it is not known
	// yet. It is shared and must not be modified.
	Metadata map[string][]byte `json:"metadata"`
	// Local marks the local member.
	Local bool `json:"local,omitzero"`
	// Observer marks a member that takes no part in placement.
	Observer bool `json:"observer,omitzero"`
}

func newMember(m members.Member) Member {
	return Member{
		Name:       m.Name,
		Addr:       m.Addr.String(),
		Status:     Status(m.Status),
		StatusTime: m.Since,
		Previous:   Status(m.Previous),
		Generation: m.Generation,
		Clock:      m.Clock,
		Metadata:   m.Metadata,
		Local:      m.Local,
		Observer:   m.Observer,
	}
}

// Limits on what one member can make the others hold. They are the same on
// every member.
const (
	// MaxMembers is the number of known members, offline ones included.
	MaxMembers = members.MaxMembers
	// MaxKeys is the number of metadata keys of one member.
	MaxKeys = members.MaxKeys
	// MaxValue is the number of bytes in one metadata value.
	MaxValue = members.MaxValue
	// MaxMetadata is the number of bytes in the metadata of one member, keys
	// included.
	MaxMetadata = members.MaxMetadata
)
