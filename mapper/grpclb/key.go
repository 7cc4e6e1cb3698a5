package grpclb

import (
	"context"
	"strings"

	"google.golang.org/grpc/metadata"
)

// keyKey is the key of a call's key in its context.
type keyKey struct{}

// WithKey returns a context in which calls have the given key. The key may hold any
// bytes, and the server does not see it. It comes before the header of [Config].
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, keyKey{}, key)
}

// keyOf returns the key of a call, or false if it has none.
func keyOf(ctx context.Context, header string) (key string, ok bool) {
	if key, ok = ctx.Value(keyKey{}).(string); ok || header == "" {
		return key, ok
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	switch values := md[header]; len(values) {
	case 0:
		return "", false
	case 1:
		return values[0], true
	default:
		return strings.Join(values, ","), true
	}
}
