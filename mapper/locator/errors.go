package locator

import (
	"errors"
	"fmt"
)

// Errors of a start.
var (
	// ErrNoPeer means that the peer to join by could not be reached.
	ErrNoPeer = errors.New("no peer")
	// ErrAddressInUse means that another program already answers at the
	// address, or that no port was free.
	ErrAddressInUse = errors.New("address in use")
)

// Errors of a call.
var (
	// ErrUnreachable means that no connection could be made, so that the call
	// has certainly not been received.
	ErrUnreachable = errors.New("unreachable")
	// ErrNoReply means that the connection ended before the reply: the call may
	// have been executed.
	ErrNoReply = errors.New("no reply")
)

// CallError tells which call to which node failed. It unwraps to the cause and
// to ErrUnreachable or ErrNoReply if it is one of them.
type CallError struct {
	Addr   string
	Method string
	Err    error
}

// Error names the node, the method and the cause.
func (e *CallError) Error() string { return fmt.Sprintf("%s of %q: %v", e.Method, e.Addr, e.Err) }

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }
