package grpclb

import (
	"context"
	"slices"
	"sync"

	"google.golang.org/grpc"

	"github.com/proxenos/proxenos/mapper"
)

// UnaryClientInterceptor lets the retries of a call go to the next nodes in rank
// order. Pass it to grpc.WithChainUnaryInterceptor, before any interceptor that repeats
// calls by itself. Without it each retry goes to the node that the ranking selects. The
// retry policy of the service config says what is retried.
func UnaryClientInterceptor(ctx context.Context, method string, request, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return invoke(withAttempts(ctx), method, request, reply, cc, opts...)
}

// StreamClientInterceptor is [UnaryClientInterceptor] for streams.
func StreamClientInterceptor(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return open(withAttempts(ctx), desc, cc, method, opts...)
}

// attempts holds the nodes that failed an attempt of one call. A nil *attempts holds
// none and records nothing.
type attempts struct {
	mu     sync.Mutex
	failed []string
}

// attemptsKey is the key of the *attempts of a call in its context.
type attemptsKey struct{}

func withAttempts(ctx context.Context) context.Context {
	return context.WithValue(ctx, attemptsKey{}, new(attempts))
}

// attemptsOf returns nil for a call without the interceptors.
func attemptsOf(ctx context.Context) *attempts {
	a, _ := ctx.Value(attemptsKey{}).(*attempts)
	return a
}

func (a *attempts) add(name string) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = append(a.failed, name)
}

// untried returns a function that reports whether a node has not failed an attempt,
// or nil if none has.
func (a *attempts) untried() func(mapper.Node) bool {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.failed) == 0 {
		return nil
	}
	failed := slices.Clone(a.failed)
	return func(n mapper.Node) bool { return !slices.Contains(failed, n.Name) }
}
