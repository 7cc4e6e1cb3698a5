package consul

import (
	"fmt"
	"testing"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
)

// BenchmarkNodes asks a real agent for 80 passing instances.
func BenchmarkNodes(b *testing.B) {
	agent := consultest.Start(b, consultest.Options{})
	for i := range 80 {
		agent.Register(consultest.Instance{Service: "web", ID: fmt.Sprint("web-", i), Port: 8000 + i})
	}
	source := of(b, agent, nil)
	for b.Loop() {
		if len(nodesOf(b, source)) != 80 {
			b.Fatal("some are missing")
		}
	}
}
