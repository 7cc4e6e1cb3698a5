package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// EtcdOptions configures an etcd server. The zero value is one without TLS.
type EtcdOptions struct {
	// Authority makes the server speak TLS with a certificate of this authority.
	Authority *Authority
	// ClientCerts makes the server require a client certificate of Authority.
	ClientCerts bool
}

// Etcd is an etcd server with its data in a temporary directory. Its methods fail
// the test instead of returning an error, and must be called from the test's
// goroutine.
type Etcd struct {
	*Process
	URL string // of the client API

	tb   testing.TB
	data string
	http *http.Client
}

// StartEtcd starts an etcd server of one member.
func StartEtcd(tb testing.TB, o EtcdOptions) *Etcd {
	tb.Helper()
	e := &Etcd{tb: tb, data: filepath.Join(tb.TempDir(), "data"), http: NewHTTPClient()}
	tb.Cleanup(e.http.CloseIdleConnections)
	scheme := "http"
	client, peer := Loopback(freeport.Take(tb)), "http://"+Loopback(freeport.Take(tb))
	var extra []string
	if o.Authority != nil {
		scheme = "https"
		cert, key := o.Authority.Issue(tb, "etcd")
		extra = []string{"--cert-file=" + cert, "--key-file=" + key}
		e.http.Transport.(*http.Transport).TLSClientConfig = o.Authority.ClientTLS(tb)
	}
	if o.ClientCerts {
		extra = append(extra, "--client-cert-auth", "--trusted-ca-file="+o.Authority.File)
	}
	e.URL = scheme + "://" + client
	e.Process = Start(tb, Command{
		Program: EtcdProgram.Path(tb),
		Args: append([]string{
			"--name=test", "--data-dir=" + e.data, "--logger=zap", "--log-level=warn",
			"--listen-client-urls=" + e.URL, "--advertise-client-urls=" + e.URL,
			"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=test=" + peer,
			// A single member elects itself after an election timeout.
			"--heartbeat-interval=10", "--election-timeout=100",
		}, extra...),
		Ready: e.ready,
	})
	return e
}

// ready returns nil once the server answers a linearizable read, for which it
// needs a leader.
func (e *Etcd) ready(ctx context.Context) error {
	return e.call(ctx, "/v3/kv/range", map[string]any{"key": []byte("proxenos-ready")}, nil)
}

// Call sends a request to the JSON gateway and decodes the response into out,
// which may be nil. Byte slices are encoded as the gateway wants them.
func (e *Etcd) Call(path string, in, out any) {
	e.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	require.NoError(e.tb, e.call(ctx, path, in, out))
}

func (e *Etcd) call(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	a, err := e.http.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(a.Body)
	switch {
	case err != nil:
		return err
	case a.StatusCode != http.StatusOK:
		return fmt.Errorf("etcd: %s: status %d: %s", path, a.StatusCode, text)
	case out == nil:
		return nil
	}
	return json.Unmarshal(text, out)
}

// Put sets the value of a key and returns the revision.
func (e *Etcd) Put(key, value string) (revision int64) {
	e.tb.Helper()
	return e.write("/v3/kv/put", map[string]any{"key": []byte(key), "value": []byte(value)})
}

// PutLease is like [Etcd.Put] for a key that ends with a lease.
func (e *Etcd) PutLease(key, value string, lease int64) (revision int64) {
	e.tb.Helper()
	return e.write("/v3/kv/put", map[string]any{"key": []byte(key), "value": []byte(value), "lease": lease})
}

// Delete deletes a key and returns the revision.
func (e *Etcd) Delete(key string) (revision int64) {
	e.tb.Helper()
	return e.write("/v3/kv/deleterange", map[string]any{"key": []byte(key)})
}

// DeletePrefix deletes the keys with a prefix and returns the revision.
func (e *Etcd) DeletePrefix(prefix string) (revision int64) {
	e.tb.Helper()
	end := []byte(prefix)
	end[len(end)-1]++
	return e.write("/v3/kv/deleterange", map[string]any{"key": []byte(prefix), "range_end": end})
}

func (e *Etcd) write(path string, in any) int64 {
	e.tb.Helper()
	var out struct {
		Header struct {
			Revision int64 `json:"revision,string"`
		} `json:"header"`
	}
	e.Call(path, in, &out)
	return out.Header.Revision
}

// Compact discards the history before a revision. A watch from before it fails.
func (e *Etcd) Compact(revision int64) {
	e.tb.Helper()
	e.Call("/v3/kv/compaction", map[string]any{"revision": revision, "physical": true}, nil)
}

// Grant creates a lease that ends after a time, rounded up to a second, unless it
// is kept alive.
func (e *Etcd) Grant(ttl time.Duration) (lease int64) {
	e.tb.Helper()
	var out struct {
		ID int64 `json:"ID,string"`
	}
	e.Call("/v3/lease/grant", map[string]any{"TTL": int64((ttl + time.Second - 1) / time.Second)}, &out)
	return out.ID
}

// Revoke ends a lease and deletes its keys.
func (e *Etcd) Revoke(lease int64) {
	e.tb.Helper()
	e.Call("/v3/lease/revoke", map[string]any{"ID": lease}, nil)
}

// RestartEmpty kills the server and starts it again without its data: revisions
// count from the start.
func (e *Etcd) RestartEmpty() {
	e.tb.Helper()
	e.Kill()
	require.NoError(e.tb, os.RemoveAll(e.data))
	e.Restart()
}

// Loopback returns 127.0.0.1:port.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
