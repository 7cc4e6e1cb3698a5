//go:build !unix

package servertest

// Suspend skips the test: the system cannot stop a process without ending it.
func (p *Process) Suspend() {
	p.tb.Helper()
	p.tb.Skip("the system cannot suspend a process")
}

// Resume does nothing.
func (p *Process) Resume() {}
