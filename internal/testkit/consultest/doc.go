// Package consultest starts real Consul agents for tests. [Fake] stands in for
// an agent where a test needs responses that a real agent does not give on
// demand.
//
// A test starts an agent and registers services:
//
//	s := consultest.Start(t, consultest.Options{})
//	s.Register(consultest.Instance{Service: "web", Port: 80})
//
// Package servertest finds the agent's program and runs it.
package consultest
