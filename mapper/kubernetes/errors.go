package kubernetes

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kinds of errors, for errors.Is.
var (
	// ErrConfig is a configuration that New rejects, a kubeconfig file or a
	// credential plug-in that cannot be used, a request that the API server
	// rejects as such, or a port that the Service does not have.
	ErrConfig = errors.New("bad configuration")
	// ErrUnreachable means that there was no usable answer: refused, reset, timed
	// out, an untrusted certificate, a server error, or no Kubernetes at all. A
	// later attempt may succeed.
	ErrUnreachable = errors.New("kubernetes is unreachable")
	// ErrPermission means that the credentials are unknown or expired (401), or
	// lack access (403). The Error names the verb and the resource.
	ErrPermission = errors.New("permission denied")
	// ErrNotFound means that the API server does not serve the resource, or that
	// Config.StatefulSet does not exist.
	ErrNotFound = errors.New("not found")
	// ErrIdentity is why an endpoint is left out that lacks what Config.Identity
	// needs.
	ErrIdentity = errors.New("no identity")
)

// Error says which request failed and why. It matches its Kind and what it wraps.
// It never holds a token.
type Error struct {
	Server    string // the URL of the API server
	Verb      string // list or watch
	Resource  string // such as endpointslices.discovery.k8s.io
	Namespace string
	Kind      error // ErrConfig, ErrUnreachable, ErrPermission or ErrNotFound
	Err       error // the cause
}

// Error returns one line, without the hint.
func (e *Error) Error() string {
	return fmt.Sprintf("kubernetes at %q: %s %s in namespace %q: %v", e.Server, e.Verb, e.Resource, e.Namespace, e.Err)
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// Hint suggests what to try next.
func (e *Error) Hint() string {
	var refused *refusal
	switch {
	case errors.As(e.Err, &refused) && refused.code == http.StatusUnauthorized:
		return "the credentials are unknown or expired: --token-file or the user of the kubeconfig file gives others"
	case errors.Is(e.Kind, ErrPermission):
		return fmt.Sprintf("a Role in namespace %s needs the verbs list and watch on %s, and a RoleBinding to this user: kubectl create role NAME --verb=list,watch --resource=%[2]s", e.Namespace, e.Resource)
	case errors.Is(e.Kind, ErrNotFound):
		return "is the name right, and does this API server serve the resource? kubectl api-resources lists what it serves"
	case errors.Is(e.Kind, ErrConfig):
		return "look at the flags and at the kubeconfig file; kubectl config view shows it"
	case untrusted(e.Err):
		return "certificate-authority of the kubeconfig file names the certificate to trust, tls-server-name the name to expect"
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return "is an API server running there? the context of the kubeconfig file names it"
	}
	return "is it a Kubernetes API server, and is it well? kubectl get --raw /readyz asks it"
}

func untrusted(err error) bool {
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}

var (
	errHeld  = errors.New("nodes are missing from an API server that has lost state: keeping them for a while")
	errEnded = errors.New("the watch ended early")
)

// refusal is an answer with a status other than 200, or an ERROR event of a
// watch.
type refusal struct {
	code    int
	message string        // of the API server; quoted text if it sent no Status
	status  bool          // it sent a Status
	after   time.Duration // how long it asks to wait
}

func (r *refusal) Error() string { return fmt.Sprintf("status %d: %s", r.code, r.message) }

// kind classifies a refusal. What is no Status comes from a proxy, or from a
// server that is no API server.
func (r *refusal) kind() error {
	switch {
	case r.code == http.StatusUnauthorized, r.code == http.StatusForbidden:
		return ErrPermission
	case !r.status:
		return ErrUnreachable
	case r.code == http.StatusNotFound:
		return ErrNotFound
	case r.code == http.StatusBadRequest, r.code == http.StatusUnprocessableEntity:
		return ErrConfig
	}
	return ErrUnreachable
}

// status is the object in which an API server describes a failure.
type status struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Code    int    `json:"code"`
	Details struct {
		RetryAfterSeconds int `json:"retryAfterSeconds"`
	} `json:"details"`
}

// maxRefusal is the most bytes of a refusal that are read, maxMessage the most
// that its error holds.
const (
	maxRefusal = 64 << 10
	maxMessage = 400
)

// refusalOf returns the refusal that a body describes.
func refusalOf(code int, header http.Header, body []byte) *refusal {
	var s status
	r := &refusal{code: code}
	if json.Unmarshal(body, &s) == nil && s.Kind == "Status" {
		r.status, r.message = true, printable(s.Message)
		r.after = time.Duration(s.Details.RetryAfterSeconds) * time.Second
		if r.code == http.StatusOK { // the object of an ERROR event
			r.code = s.Code
		}
	} else {
		body = bytes.TrimSpace(body)
		r.message = strconv.Quote(string(body[:min(len(body), maxMessage)]))
	}
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 {
		r.after = time.Duration(seconds) * time.Second
	}
	return r
}

// printable returns a text of the API server, quoted if a terminal should not get
// it as it is.
func printable(text string) string {
	text = text[:min(len(text), maxMessage)]
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.Quote(text)
	}
	return text
}

// isGone reports whether the API server no longer has the resource version, or
// the continuation of a list, that a request named.
func isGone(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.code == http.StatusGone
}

// fail turns the cause of a failed request into an Error. While the caller's
// context has not ended, an exceeded deadline is that of the request.
func (s *Source) fail(ctx context.Context, verb, resource string, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	kind := ErrUnreachable
	for _, k := range []error{ErrConfig, ErrPermission, ErrNotFound} {
		if errors.Is(err, k) {
			kind = k
		}
	}
	var refused *refusal
	var transport *url.Error
	switch {
	case errors.As(err, &refused):
		kind = refused.kind()
	case isTimeout(err):
		err = fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	case errors.As(err, &transport):
		err = transport.Err // without the URL, which the Error words better
	}
	return &Error{Server: s.connection.server, Verb: verb, Resource: resource, Namespace: s.namespace, Kind: kind, Err: err}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}
