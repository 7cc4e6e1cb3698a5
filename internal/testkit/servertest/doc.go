// Package servertest starts real servers for tests, each on free ports of
// 127.0.0.1, and ends them with the test.
//
//	e := servertest.StartEtcd(t, servertest.EtcdOptions{})
//	e.Put("/nodes/a", "10.0.0.1:80")
//	e.Kill()
//
//	s := servertest.StartAPIServer(t)
//	token := s.Token("reader", time.Hour)
//	s.Grant("reader", servertest.Rule{Resources: []string{"pods"}, Verbs: []string{"list"}})
//
// [Start] runs any program until it is ready. A [Process] can be killed, stopped,
// suspended and started again. [Program] says where the program of a server is;
// if it is missing the test is skipped, or fails under [EnvRequire].
//
// Programs that no Debian package has are built by
//
//	go run ./internal/testkit/servertest/build
//
// once for each version, from a nested module, so that no package of this
// repository links them. Tests never build them, because packages under test
// would race to do so. Package consultest starts Consul agents.
package servertest
