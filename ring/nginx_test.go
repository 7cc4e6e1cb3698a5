package ring

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// nginxProcess is a running nginx. It passes a request for /NAME/ to the upstream
// of that name and returns the address of the server in a header.
type nginxProcess struct {
	client *http.Client
	url    string
}

// nginxConfig is a complete configuration: one process, all files in its working
// directory, backends and upstreams on loopback.
const nginxConfig = `
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
%s
}
`

// nginxProgram returns the path of nginx, or ends the test.
func nginxProgram(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			missingPeer(t, "no nginx: %v", err)
		}
	}
	return program
}

// startNginx starts nginx with the upstreams and their servers, and stops it when
// the test ends.
func startNginx(t *testing.T, program, front string, upstreams map[string][]server) *nginxProcess {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(config, []byte(fmt.Sprintf(nginxConfig, nginxServers(front, upstreams))), 0o600))
	cmd := exec.Command(program, "-p", dir, "-c", config, "-e", "error.log")
	var words strings.Builder
	cmd.Stdout, cmd.Stderr = &words, &words
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		t.Logf("nginx: %v", <-ended)
	})
	waitForNginx(t, front, ended, &words)
	client := &http.Client{Timeout: time.Minute}
	t.Cleanup(client.CloseIdleConnections)
	return &nginxProcess{client: client, url: "http://" + front}
}

// nginxServers returns the part of the configuration that depends on the
// upstreams.
func nginxServers(front string, upstreams map[string][]server) string {
	var b strings.Builder
	listening := map[string]bool{}
	for name, servers := range upstreams {
		fmt.Fprintf(&b, "  upstream %s {\n    hash $http_x_key consistent;\n", name)
		for _, s := range servers {
			fmt.Fprintf(&b, "    server %s weight=%d max_fails=0;\n", s.id, int(s.capacity))
			listening[s.id] = true
		}
		b.WriteString("  }\n")
	}
	fmt.Fprintf(&b, "  server {\n    listen %s;\n", front)
	for name := range upstreams {
		fmt.Fprintf(&b, "    location /%s/ { proxy_pass http://%s; add_header X-Server $upstream_addr always; }\n", name, name)
	}
	b.WriteString("  }\n")
	for id := range listening {
		fmt.Fprintf(&b, "  server { listen %s; return 204; }\n", id)
	}
	return b.String()
}

// waitForNginx waits up to a minute until nginx accepts connections.
func waitForNginx(t *testing.T, front string, ended chan error, words fmt.Stringer) {
	t.Helper()
	for range 3000 {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("nginx ended: %v\n%s", err, words)
		default:
		}
		conn, err := net.DialTimeout("tcp", front, time.Second)
		if err == nil {
			require.NoError(t, conn.Close())
			return
		}
		time.Sleep(20 * time.Millisecond) // another process gives no other sign that it listens
	}
	t.Fatalf("nginx does not listen on %s", front)
}

// ask returns the address of the server that nginx chose for a key.
func (n *nginxProcess) ask(t *testing.T, upstream, key string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, n.url+"/"+upstream+"/", nil)
	require.NoError(t, err)
	req.Header.Set("X-Key", key)
	resp, err := n.client.Do(req)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusNoContent, resp.StatusCode, "key %q", key)
	return resp.Header.Get("X-Server")
}

func TestNginxAgainstNginx(t *testing.T) {
	t.Parallel()
	program := nginxProgram(t)               // before ports, which there are none of under js
	sockets, err := os.MkdirTemp("", "ring") // t.TempDir is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(sockets)) })
	var ports [9]int
	for i := range ports {
		ports[i] = freeport.Take(t)
	}
	at := func(host string, i int) string { return net.JoinHostPort(host, strconv.Itoa(ports[i])) }
	unix := "unix:" + filepath.Join(sockets, "a.sock")
	upstreams := map[string][]server{
		"two":      serversOf(at("127.0.0.1", 0), 1, at("127.0.0.1", 1), 1),
		"reversed": serversOf(at("127.0.0.1", 1), 1, at("127.0.0.1", 0), 1),
		"weighted": serversOf(at("127.0.0.1", 0), 1, at("127.0.0.1", 1), 2, at("127.0.0.1", 2), 3, at("127.0.0.1", 3), 7),
		"hosts":    serversOf(at("127.0.0.2", 4), 1, at("127.0.0.3", 4), 1, at("127.0.0.4", 4), 5),
		"socket":   serversOf(unix, 2, at("127.0.0.1", 5), 1),
		"eight": serversOf(at("127.0.0.1", 0), 1, at("127.0.0.1", 1), 1, at("127.0.0.1", 2), 1, at("127.0.0.1", 3), 1,
			at("127.0.0.1", 4), 1, at("127.0.0.1", 5), 1, at("127.0.0.1", 6), 1, at("127.0.0.1", 7), 1),
	}
	n := startNginx(t, program, at("127.0.0.1", 8), upstreams)
	keys := peerKeys()
	for name, servers := range upstreams {
		t.Run(name, func(t *testing.T) {
			r, err := New(servers, serverConfig(Nginx()))
			require.NoError(t, err)
			for i, key := range keys {
				if i%3 != 0 && i > 10 {
					continue // about two thousand keys for each upstream
				}
				want := n.ask(t, name, key)
				got, ok := r.Select(key)
				require.True(t, ok)
				require.Equal(t, want, got.id, "key %q", key)
			}
		})
	}
}

// TestNginxKeepsTheFirstOfEqualPoints uses so many servers that some points
// coincide.
func TestNginxKeepsTheFirstOfEqualPoints(t *testing.T) {
	t.Parallel()
	var servers []server
	for i := range 1500 {
		servers = append(servers, server{fmt.Sprintf("10.0.%d.%d:80", i/256, i%256), 1, i})
	}
	r, err := New(servers, serverConfig(Nginx()))
	require.NoError(t, err)
	first := map[uint64]int{}
	for _, s := range servers {
		for _, position := range addChain(nil, nodeLabel{before: strings.Replace(s.id, ":", "\x00", 1)}, 160) {
			if _, ok := first[position]; !ok {
				first[position] = s.index
			}
		}
	}
	require.Less(t, len(first), 160*len(servers), "some coincide")
	require.Equal(t, len(first), r.circle.len())
	wrong := 0
	for position, s := range r.Points() {
		if first[position] != s.index {
			wrong++
		}
	}
	require.Zero(t, wrong, "points of a later server")
	reversed := slices.Clone(servers)
	slices.Reverse(reversed)
	other, err := New(reversed, serverConfig(Nginx()))
	require.NoError(t, err)
	require.NotEqual(t, r.Checksum(), other.Checksum(), "the order matters")
}
