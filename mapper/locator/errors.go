package locator

import (
	"errors"
	"fmt"
)

// ErrNoPeer means that [Config.Peer] could not be joined.
var ErrNoPeer = errors.New("no peer")

// ErrAddressInUse means that the port, or each of the ports to try, is in use.
var ErrAddressInUse = errors.New("address in use")

// ErrUnreachable means that no connection could be made, so the node did not
// receive the call.
var ErrUnreachable = errors.New("unreachable")

// ErrNoReply means that the connection ended before the reply. The node may have
// executed the call.
var ErrNoReply = errors.New("no reply")

// CallError is a failed call. It unwraps to the cause, and to [ErrUnreachable] or
// [ErrNoReply] where one of them applies.
type CallError struct {
	Addr   string // host:port of the node
	Method string // as in the IDL, such as get_node
	Err    error
}

// Error returns the method, the address and the cause.
func (e *CallError) Error() string { return fmt.Sprintf("%s of %q: %v", e.Method, e.Addr, e.Err) }

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }
