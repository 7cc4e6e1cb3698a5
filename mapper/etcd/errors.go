package etcd

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Kinds of errors, for errors.Is.
var (
	// ErrConfig is a configuration that New rejects, or a password file that
	// cannot be read.
	ErrConfig = errors.New("bad configuration")
	// ErrUnreachable means that no endpoint gave a usable answer: refused, timed
	// out, an untrusted certificate, no leader, or no etcd at all. A later
	// attempt may succeed.
	ErrUnreachable = errors.New("etcd is unreachable")
	// ErrPermission means that the user is unknown, that the password is wrong, or
	// that the user may not read the prefix.
	ErrPermission = errors.New("permission denied")
)

// Error says which request failed and why. It matches its Kind and what it wraps.
// It never holds a password.
type Error struct {
	Endpoint string // of the request
	Prefix   string
	Kind     error // ErrConfig, ErrUnreachable or ErrPermission
	Err      error // the cause
}

// Error returns one line.
func (e *Error) Error() string {
	return fmt.Sprintf("etcd at %q: keys below %q: %v", e.Endpoint, e.Prefix, e.Err)
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// errHeld means that nodes stand which etcd no longer reports.
var errHeld = errors.New("nodes are missing from an etcd that has lost state: keeping them for a while")

// errCompacted means that the revision asked for is gone.
var errCompacted = errors.New("the revision has been compacted")

// refusal is an answer with a status other than 200.
type refusal struct {
	status  int
	message string // what etcd says, or the beginning of the body
}

func (r *refusal) Error() string { return fmt.Sprintf("status %d: %q", r.status, r.message) }

// isExpired reports whether the token is too old, which another authentication
// repairs.
func (r *refusal) isExpired() bool { return strings.Contains(r.message, "invalid auth token") }

// namesClient reports whether the client's certificate has a common name, which
// the gateway of a server with users rejects: it cannot tell it from its own.
func (r *refusal) namesClient() bool { return strings.Contains(r.message, "CommonName of client") }

// Unwrap returns the kind. etcd answers a wrong password with status 400.
func (r *refusal) Unwrap() error {
	switch {
	case strings.Contains(r.message, "required revision has been compacted"):
		return errCompacted
	case r.status == http.StatusUnauthorized, r.status == http.StatusForbidden,
		strings.Contains(r.message, "authentication failed"), strings.Contains(r.message, "user name is empty"),
		strings.Contains(r.message, "permission denied"), r.namesClient():
		return ErrPermission
	case strings.Contains(r.message, "authentication is not enabled"):
		return ErrConfig
	}
	return ErrUnreachable
}
