package consultest

// Options configures an agent. The zero value is an agent without ACLs or TLS on
// free ports.
type Options struct {
	// Addr is the address of the HTTP API, host:port on 127.0.0.1. Empty means
	// a free port. To replace a dead agent, set the address of that agent or
	// call Restart.
	Addr string
	// ACL enables access control with the default policy "deny". The server's
	// Token has all permissions.
	ACL bool
	// TLS adds an HTTPS listener with a certificate of an authority created for
	// this agent; see Server.CAFile.
	TLS bool
	// ClientCerts makes the HTTPS listener require a client certificate.
	ClientCerts bool
	// Node is the name of the agent's node. Empty means a random name.
	Node string
}

// config returns the agent's configuration.
func (s *Server) config() map[string]any {
	c := map[string]any{
		"node_name":            s.Node,
		"bind_addr":            "127.0.0.1",
		"client_addr":          "127.0.0.1",
		"log_level":            "warn",
		"disable_update_check": true,
		"limits": map[string]any{
			// All clients of a test have the same address.
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

// httpsPort returns -1 without TLS, which disables the listener.
func (s *Server) httpsPort() int {
	if s.options.TLS {
		return s.ports.https
	}
	return -1
}
