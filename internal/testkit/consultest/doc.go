// Package consultest starts real Consul agents for tests, and fakes one for
// the answers that a real agent does not give on demand.
//
// A test asks for an agent and uses it:
//
//	s := consultest.Start(t, consultest.Options{})
//	s.Register(consultest.Instance{Service: "web", Port: 80})
//
// The agent's program is found by [Binary]. It is built, once for each version
// that server/go.mod names, by
//
//	go run ./internal/testkit/consultest/build
//
// and never by a test, as the packages under test would race for it. Consul
// is a tool of the tests in a module of its own; nothing of ours links it.
package consultest
