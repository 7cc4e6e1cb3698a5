package consultest

// Options say what agent to start. The zero value is one without ACLs or
// TLS, on free ports.
type Options struct {
	// Addr is the address of the HTTP API, host:port on loopback. Empty is a
	// free port. A test that starts an agent again where another one died
	// names the address of that one, or calls Restart.
	Addr string
	// ACL switches access control on, with the default policy "deny". The
	// server's Token may do everything.
	ACL bool
	// TLS adds an HTTPS listener whose certificate is from an authority made
	// for this agent; see Server.CAFile.
	TLS bool
	// ClientCerts makes the HTTPS listener demand a client's certificate.
	ClientCerts bool
	// Node is the name of the agent's node. Empty is a name of its own.
	Node string
}

// config is the agent's configuration file.
func (s *Server) config() map[string]any {
	c := map[string]any{
		"node_name":            s.Node,
		"bind_addr":            "127.0.0.1",
		"client_addr":          "127.0.0.1",
		"log_level":            "warn",
		"disable_update_check": true,
		"limits": map[string]any{
			// All consumers of a test share one client address.
			"http_max_conns_per_client": 1000,
		},
		"ports": map[string]any{
			"http": s.ports.http, "dns": s.ports.dns, "https": s.httpsPort(),
			"server": s.ports.server, "serf_lan": s.ports.serfLAN, "serf_wan": s.ports.serfWAN,
			"grpc": -1, "grpc_tls": -1,
		},
	}
	if s.options.ACL {
		c["acl"] = map[string]any{
			"enabled": true, "default_policy": "deny", "down_policy": "deny",
			"tokens": map[string]any{"initial_management": s.Token, "agent": s.Token},
		}
	}
	if s.options.TLS {
		c["tls"] = map[string]any{"defaults": map[string]any{
			"ca_file": s.CAFile, "cert_file": s.certFile, "key_file": s.keyFile,
		}, "https": map[string]any{"verify_incoming": s.options.ClientCerts}}
	}
	return c
}

// httpsPort is -1, which is "none" to Consul, without TLS.
func (s *Server) httpsPort() int {
	if s.options.TLS {
		return s.ports.https
	}
	return -1
}
