package agree

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/balancer"
	_ "google.golang.org/grpc/balancer/ringhash"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/experimental/balancer/weight"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/serviceconfig"
)

// recorder is grpc-go's own balancer of ring hashes, which also records its pickers
// and the addresses of its connections.
type recorder struct {
	balancer.Builder

	mu        sync.Mutex
	picker    balancer.Picker
	addresses map[balancer.SubConn]string
}

const recorderName = "recorded_ring_hash"

func (r *recorder) Name() string { return recorderName }

func (r *recorder) ParseConfig(raw json.RawMessage) (serviceconfig.LoadBalancingConfig, error) {
	return r.Builder.(balancer.ConfigParser).ParseConfig(raw)
}

func (r *recorder) Build(cc balancer.ClientConn, opts balancer.BuildOptions) balancer.Balancer {
	r.mu.Lock()
	r.picker, r.addresses = nil, map[balancer.SubConn]string{}
	r.mu.Unlock()
	return r.Builder.Build(recordedConn{cc, r}, opts)
}

// recordedConn is the connection that the balancer serves.
type recordedConn struct {
	balancer.ClientConn
	r *recorder
}

func (c recordedConn) NewSubConn(addresses []resolver.Address, opts balancer.NewSubConnOptions) (balancer.SubConn, error) {
	sc, err := c.ClientConn.NewSubConn(addresses, opts) //nolint:staticcheck // balancers call it
	if err == nil {
		c.r.mu.Lock()
		c.r.addresses[sc] = addresses[0].Addr
		c.r.mu.Unlock()
	}
	return sc, err
}

func (c recordedConn) UpdateState(s balancer.State) {
	c.r.mu.Lock()
	c.r.picker = s.Picker
	c.r.mu.Unlock()
	c.ClientConn.UpdateState(s)
}

// pick returns the address that the balancer picks for a key. The first pick of an
// address begins to connect to it.
func (r *recorder) pick(ctx context.Context, key string) (string, error) {
	r.mu.Lock()
	picker := r.picker
	r.mu.Unlock()
	if picker == nil {
		return "", balancer.ErrNoSubConnAvailable
	}
	ctx = metadata.NewOutgoingContext(ctx, metadata.Pairs("key", key))
	result, err := picker.Pick(balancer.PickInfo{Ctx: ctx})
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.addresses[result.SubConn], nil
}

// TestGRPC asks the pickers of grpc-go's balancer while all addresses of the
// vectors lead to one server.
func TestGRPC(t *testing.T) {
	t.Parallel()
	r := &recorder{Builder: balancer.Get("ring_hash_experimental")}
	balancer.Register(r)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	go server.Serve(listener) //nolint:errcheck // ends with Stop
	t.Cleanup(server.Stop)

	last := ""
	compare(t, "grpc-go "+grpc.Version+" ringhash", setups(t, "grpc-go"), func(s setup, key string) int {
		if last != s.name() {
			last = s.name()
			dialRing(t, listener.Addr().String(), s)
		}
		for {
			address, err := r.pick(t.Context(), key)
			if errors.Is(err, balancer.ErrNoSubConnAvailable) {
				time.Sleep(time.Millisecond) // it connects
				continue
			}
			require.NoError(t, err)
			return s.index(t, address)
		}
	})
}

// dialRing opens a client whose addresses all lead to the target.
func dialRing(t *testing.T, target string, s setup) {
	t.Helper()
	var endpoints []resolver.Endpoint
	for _, server := range s.servers {
		w, err := strconv.ParseUint(server.weight, 10, 32)
		require.NoError(t, err)
		e := resolver.Endpoint{Addresses: []resolver.Address{{Addr: server.address}}}
		endpoints = append(endpoints, weight.Set(e, weight.EndpointInfo{Weight: uint32(w)}))
	}
	static := manual.NewBuilderWithScheme("static")
	static.InitialState(resolver.State{Endpoints: endpoints})
	client, err := grpc.NewClient("static:///", grpc.WithResolvers(static),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", target)
		}),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"`+recorderName+`": {"minRingSize": 1024, "maxRingSize": 4096, "requestHashHeader": "key"}}]}`))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	client.Connect()
}
