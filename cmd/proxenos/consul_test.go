//go:build unix

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

// TestConsulScripts runs the scripts of testdata/consul against real agents:
//
//   - $PORT has the instances of register, and DNS at $DNS_ADDR.
//   - $ACL_PORT has access control; $TOKEN may read everything, and
//     $NARROW_TOKEN only services.
//   - $TLS_ADDR serves TLS with a certificate of the authority $TLS_CA.
//   - $STOPPED_PORT accepts connections and does not respond.
//   - $DEAD_PORT is the port of an agent that was killed.
func TestConsulScripts(t *testing.T) {
	t.Parallel()
	open := consultest.Start(t, consultest.Options{Node: "demo"})
	register(t, open)
	open.Register(consultest.Instance{Service: "bare", ID: "bare-1", Address: "2001:db8::7"})
	guarded := consultest.Start(t, consultest.Options{ACL: true})
	guarded.Register(consultest.Instance{Service: "web", ID: "web-1", Address: "10.0.0.1", Port: 80})
	secured := consultest.Start(t, consultest.Options{TLS: true})
	secured.Register(consultest.Instance{Service: "web", ID: "web-1", Address: "10.0.0.1", Port: 80})
	stopped := consultest.Start(t, consultest.Options{})
	stopped.Suspend()
	t.Cleanup(stopped.Resume)
	dead := consultest.Start(t, consultest.Options{})
	dead.Kill()

	variables := map[string]string{
		"PORT":         portOf(t, open.Addr),
		"ACL_PORT":     portOf(t, guarded.Addr),
		"TOKEN":        guarded.Grant(`service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }`),
		"NARROW_TOKEN": guarded.Grant(`service_prefix "" { policy = "read" }`),
		"DNS_ADDR":     open.DNS,
		"TLS_ADDR":     secured.HTTPS,
		"TLS_CA":       secured.CAFile,
		"WRONG_CA":     servertest.NewAuthority(t).File,
		"STOPPED_PORT": portOf(t, stopped.Addr),
		"DEAD_PORT":    portOf(t, dead.Addr),
	}
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "consul"),
		Cmds:               map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		RequireUniqueNames: true,
		UpdateScripts:      os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			for name, value := range variables {
				env.Setenv(name, value)
			}
			return nil
		},
	})
}

// register registers instances of every kind.
func register(t *testing.T, server *consultest.Server) {
	server.Register(
		consultest.Instance{Service: "web", ID: "web-1", Address: "10.0.0.1", Port: 80, Tags: []string{"blue", "canary"}, Meta: map[string]string{"zone": "eu", "name": "alpha"}},
		consultest.Instance{Service: "web", ID: "web-2", Address: "10.0.0.2", Port: 80, Tags: []string{"blue"}, Meta: map[string]string{"rack": "r2", "name": "beta"}, Weights: &api.AgentWeights{Passing: 3, Warning: 1}},
		consultest.Instance{Service: "web", ID: "web-3", Address: "2001:db8::3", Port: 80, Meta: map[string]string{"name": "gamma"}},
		consultest.Instance{Service: "web", ID: "web-warning", Address: "10.0.0.4", Port: 80, Status: "warning", Meta: map[string]string{"name": "delta"}},
		consultest.Instance{Service: "web", ID: "web-critical", Address: "10.0.0.5", Port: 80, Status: "critical"},
		consultest.Instance{Service: "web", ID: "web-maintenance", Address: "10.0.0.6", Port: 80},
		consultest.Instance{Service: "db", ID: "db-1", Address: "10.0.1.1", Port: 5432},
		consultest.Instance{Service: "sick", ID: "sick-1", Address: "10.0.2.1", Port: 80, Status: "critical"},
	)
	server.Maintain("web-maintenance", true)
	require.Eventually(t, func() bool {
		passing, _, err := server.Client().Health().Service("web", "", true, nil)
		return err == nil && !slices.ContainsFunc(passing, func(e *api.ServiceEntry) bool { return e.Service.ID == "web-maintenance" })
	}, patience, 5*time.Millisecond, "web-maintenance is still passing")
}

func portOf(t *testing.T, address string) string {
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return port
}

// TestREADMELine runs the Consul example of the README with the port of a real
// agent.
func TestREADMELine(t *testing.T) {
	t.Parallel()
	server := consultest.Start(t, consultest.Options{})
	register(t, server)
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	line := "proxenos select -b consul -h localhost -p 8500 github.com"
	require.Contains(t, string(readme), line)
	words := strings.Fields(strings.Replace(line, "8500", portOf(t, server.Addr), 1))
	out, err := exec.Command(words[0], words[1:]...).Output()
	require.NoError(t, err)
	_, _, err = net.SplitHostPort(strings.TrimSuffix(string(out), "\n"))
	assert.NoError(t, err, "want an address and a newline, got %q", out)
}
