// Package consultest starts real Consul agents for tests. [Fake] stands in for
// an agent where a test needs responses that a real agent does not give on
// demand.
//
// A test starts an agent and registers services:
//
//	s := consultest.Start(t, consultest.Options{})
//	s.Register(consultest.Instance{Service: "web", Port: 80})
//
// [Binary] finds the agent's program. The command
//
//	go run ./internal/testkit/consultest/build
//
// builds it once for each version in server/go.mod. Tests never build it,
// because packages under test would race to do so. Consul is required only by
// the nested module, so no package of this repository links it.
package consultest
