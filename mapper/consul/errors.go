package consul

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/consul/api"
)

// Kinds of errors, for errors.Is.
var (
	// ErrConfig is a configuration that New rejects, a token file that has become
	// unreadable, or a query that Consul rejects as such: one for a namespace,
	// where Consul has no namespaces.
	ErrConfig = errors.New("bad configuration")
	// ErrUnreachable means that there was no usable answer: refused, reset,
	// timed out, an untrusted certificate, a server error, no leader, or no
	// Consul at all. A later attempt may succeed.
	ErrUnreachable = errors.New("consul is unreachable")
	// ErrPermission means that the token is unknown or lacks read access. It is
	// also the error for an answer that ACLs have filtered, and for an empty
	// one to a request without a token where the policy is deny.
	ErrPermission = errors.New("permission denied")
	// ErrFilter means that Consul rejects Config.Filter.
	ErrFilter = errors.New("bad filter")
	// ErrIdentity means that an instance lacks what Config.Identity needs.
	ErrIdentity = errors.New("no identity")
)

// Error says which query failed and why. It matches its Kind and what it wraps.
// It never holds a token.
type Error struct {
	Addr    string // of the agent
	Service string // of the query; empty means the list of services
	Kind    error  // ErrConfig, ErrUnreachable, ErrPermission, ErrFilter or ErrIdentity
	Err     error  // the cause
}

// Error returns one line, without the hint.
func (e *Error) Error() string {
	what := "list of services"
	if e.Service != "" {
		what = fmt.Sprintf("service %q", e.Service)
	}
	return fmt.Sprintf("consul at %q: %s: %v", e.Addr, what, e.Err)
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// Hint suggests what to try next.
func (e *Error) Hint() string {
	switch {
	case errors.Is(e.Kind, ErrPermission):
		return "CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN gives the token; it needs service:read on the service and node:read on its nodes"
	case errors.Is(e.Kind, ErrFilter):
		return `a filter is like: Service.Meta.version == "2" and "v1" in Service.Tags`
	case errors.Is(e.Kind, ErrIdentity):
		return "register what is missing, or choose another identity"
	case errors.Is(e.Kind, ErrConfig):
		return "look at the CONSUL_* variables of the environment"
	}
	return hintToReach(e.Err)
}

// hintToReach returns a hint for what came instead of an answer.
func hintToReach(cause error) string {
	switch text := cause.Error(); {
	case untrusted(cause):
		return "CONSUL_CACERT names the certificate of the authority to trust, CONSUL_TLS_SERVER_NAME the name to expect"
	case strings.Contains(text, "tls: certificate required"), strings.Contains(text, "tls: bad certificate"):
		return "CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY name the certificate that the agent asks for, and its key"
	case strings.Contains(text, "HTTP response to HTTPS"), strings.Contains(text, "HTTP request to an HTTPS"):
		return "CONSUL_HTTP_SSL says whether the agent speaks TLS"
	case isProxy(cause):
		return "HTTP_PROXY or HTTPS_PROXY names a proxy that cannot be used; NO_PROXY lists the hosts to reach without it"
	case errors.Is(cause, syscall.ECONNREFUSED):
		return "is an agent running there? CONSUL_HTTP_ADDR names another address"
	}
	return "is it a Consul agent, and is it well? `consul operator raft list-peers` shows the servers and their leader"
}

// isProxy reports whether the connection failed at a proxy.
func isProxy(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "proxyconnect"
}

func untrusted(err error) bool {
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}

var (
	errFiltered  = fmt.Errorf("%w: ACLs have filtered the answer", ErrPermission)
	errAnonymous = fmt.Errorf("%w: an empty result without a token, from an agent whose default policy is deny", ErrPermission)
	errNoLeader  = errors.New("the servers have no leader, and the result is empty")
)

// refusal is an answer with a status other than 200.
type refusal struct{ api.StatusError }

// Error quotes the body, which may come from anything that speaks HTTP.
func (r refusal) Error() string {
	const enough = 200
	body := strings.TrimSpace(r.Body)
	return fmt.Sprintf("status %d: %q", r.Code, body[:min(len(body), enough)])
}

func (r refusal) Unwrap() error { return r.StatusError }

// kind classifies a refusal. Consul answers a bad filter with status 500.
func (r refusal) kind() error {
	switch {
	case strings.Contains(r.Body, "boolean expression evaluator"):
		return ErrFilter
	case r.Code == http.StatusUnauthorized, r.Code == http.StatusForbidden:
		return ErrPermission
	case r.Code == http.StatusBadRequest && !strings.Contains(r.Body, "HTTPS server"):
		return ErrConfig
	}
	return ErrUnreachable
}

// fail turns the cause of a failure into an Error. While the caller's context
// has not ended, an exceeded deadline is that of Config.Timeout: Consul hangs.
func (s *Source) fail(ctx context.Context, service string, limit time.Duration, err error) error {
	if ctxErr := ctx.Err(); errors.Is(ctxErr, context.Canceled) {
		return ctxErr
	}
	kind := ErrUnreachable
	for _, k := range []error{ErrConfig, ErrPermission, ErrIdentity} {
		if errors.Is(err, k) {
			kind = k
		}
	}
	var status api.StatusError
	var transport *url.Error
	switch {
	case errors.As(err, &status):
		kind, err = refusal{status}.kind(), refusal{status}
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		err = fmt.Errorf("no answer within %v: %w", limit, context.DeadlineExceeded)
	case errors.As(err, &transport):
		err = transport.Err // without the URL, which the Error words better
	}
	return &Error{Addr: s.addr, Service: service, Kind: kind, Err: err}
}
