package command

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/proxenos/proxenos/mapper"
)

func member(node string, start int64) mapper.Node {
	return mapper.Node{Name: memberName(node, time.Unix(0, start)), Addr: node}
}

// A restarted node supersedes its earlier start, also after it has left.
func TestLatestStart(t *testing.T) {
	seen := starts{}
	names := func(members ...mapper.Node) (names []string) {
		for _, n := range seen.latest(members) {
			names = append(names, n.Name)
		}
		return names
	}
	killed, back, other := member("127.0.0.1:9900", 9), member("127.0.0.1:9900", 10), member("::1:9901", 5)
	stranger := mapper.Node{Name: "other"}
	assert.Equal(t, []string{"127.0.0.1:9900", "::1:9901"}, names(killed, other, stranger))
	assert.Equal(t, []string{"127.0.0.1:9900", "::1:9901"}, names(killed, back, other))
	assert.Equal(t, []string{"::1:9901"}, names(killed, other))
}
