package mapper_test

import (
	"context"
	"fmt"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// starting is a source with a node that started a moment ago.
func starting() mapper.Mapper {
	now := time.Now().UTC().Format(time.RFC3339)
	return mapper.Func(func(context.Context) ([]mapper.Node, error) {
		return []mapper.Node{
			{Name: "a", Weight: 10},
			{Name: "b", Weight: 10, Meta: map[string]string{mapper.MetaStartAt: now}},
		}, nil
	})
}

// In a text list the new node is the line
//
//	b weight=10 start_at=2026-01-02T15:04:05Z
func ExampleSlowStart_Nodes() {
	slow := &mapper.SlowStart{Source: starting(), Over: time.Hour}
	nodes, err := slow.Nodes(context.Background())
	fmt.Println(nodes[0].Weight, nodes[1].Weight, err)
	// Output: 10 1 <nil>
}

// A time that cannot be read is reported, and the node passes unchanged.
func ExampleSlowStart_Ask() {
	source := mapper.Func(func(context.Context) ([]mapper.Node, error) {
		return []mapper.Node{{Name: "a", Meta: map[string]string{mapper.MetaDrainAt: "soon"}}}, nil
	})
	u, err := mapper.Ask(context.Background(), &mapper.SlowStart{Source: source, Over: time.Minute})
	fmt.Println(u.Nodes[0].Capacity(), err)
	fmt.Println(u.Partial())
	// Output:
	// 1 <nil>
	// the set is partial, records left out: 1: node "a": drain_at "soon" is not a time like 2026-01-02T15:04:05Z
}

// Each step yields the set again, with another weight.
func ExampleSlowStart_Watch() {
	slow := &mapper.SlowStart{Source: starting(), Over: time.Hour}
	for u := range slow.Watch(context.Background()) {
		fmt.Println(u.Nodes[1].Name, u.Nodes[1].Weight < 10, u.Err)
		break // or go on until the context ends
	}
	// Output: b true <nil>
}
