package kubernetes

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secureAPI is an API server with TLS and one endpoint that records the
// credentials of each request.
type secureAPI struct {
	*httptest.Server
	caFile string

	mu       sync.Mutex
	requests []http.Header
	paths    []string
	accept   func(http.Header) bool // nil accepts all
}

func newSecureAPI(t *testing.T) *secureAPI {
	t.Helper()
	a := &secureAPI{}
	a.Server = httptest.NewTLSServer(a)
	t.Cleanup(a.Close)
	a.caFile = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(a.caFile, a.ca(), 0o600))
	return a
}

func (a *secureAPI) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw})
}

func (a *secureAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests, a.paths = append(a.requests, r.Header), append(a.paths, r.URL.Path)
	if a.accept != nil && !a.accept(r.Header) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"kind":"Status","code":401,"message":"Unauthorized"}`)
		return
	}
	fmt.Fprint(w, `{"kind":"EndpointSliceList","metadata":{"resourceVersion":"5"},"items":[]}`)
}

// last returns the path and the credentials of the last request.
func (a *secureAPI) last() (path string, h http.Header) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.paths[len(a.paths)-1], a.requests[len(a.requests)-1]
}

func (a *secureAPI) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.requests)
}

// here is an environment with these variables and an empty home directory.
func here(t testing.TB, variables map[string]string) environment {
	t.Helper()
	return environment{func(name string) string { return variables[name] }, t.TempDir(), t.TempDir()}
}

// write writes a file and returns its path.
func write(t testing.TB, path, text string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
	return path
}

// kubeconfigOf returns a kubeconfig with two contexts, of which "here" is the
// current one.
func (a *secureAPI) kubeconfigOf(user string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Config
current-context: here
contexts:
- {name: there, context: {cluster: nowhere, user: unknown}}
- {name: here, context: {cluster: c, user: u, namespace: team-a}}
clusters:
- {name: c, cluster: {server: %q, certificate-authority: %q}}
- {name: nowhere, cluster: {server: "https://127.0.0.1:1"}}
users:
- name: unknown
- name: u
  user: %s
`, a.URL+"/", a.caFile, user)
}

func ask(t testing.TB, c Config, env environment) error {
	t.Helper()
	c.Service = "web"
	s, err := newSource(c, env)
	if err != nil {
		return err
	}
	defer func() { require.NoError(t, s.Close()) }()
	_, err = s.Nodes(t.Context())
	return err
}

func TestWhereTheClusterIs(t *testing.T) {
	t.Parallel()
	api := newSecureAPI(t)
	file := api.kubeconfigOf("{token: t1}")

	t.Run("file", func(t *testing.T) {
		require.NoError(t, ask(t, Config{Kubeconfig: write(t, filepath.Join(t.TempDir(), "k"), file)}, here(t, nil)))
		path, h := api.last()
		require.Equal(t, "/apis/discovery.k8s.io/v1/namespaces/team-a/endpointslices", path)
		require.Equal(t, "Bearer t1", h.Get("Authorization"))
	})
	t.Run("KUBECONFIG, several files", func(t *testing.T) {
		dir := t.TempDir()
		a := write(t, filepath.Join(dir, "a"), "users:\n- {name: u, user: {token: first}}\n")
		b := write(t, filepath.Join(dir, "b"), file)
		env := here(t, map[string]string{"KUBECONFIG": a + ":" + filepath.Join(dir, "absent") + ":" + b})
		require.NoError(t, ask(t, Config{}, env))
		_, h := api.last()
		require.Equal(t, "Bearer first", h.Get("Authorization"), "the first entry of a name stands")
		require.ErrorIs(t, ask(t, Config{Context: "there"}, env), ErrUnreachable)
		require.ErrorContains(t, ask(t, Config{Context: "elsewhere"}, env), `no context "elsewhere"`)
	})
	t.Run("home directory", func(t *testing.T) {
		env := here(t, nil)
		write(t, filepath.Join(env.home, ".kube", "config"), file)
		require.NoError(t, ask(t, Config{Namespace: "team-b"}, env))
		path, _ := api.last()
		require.Contains(t, path, "/team-b/")
	})
	t.Run("pod", func(t *testing.T) {
		host, port, _ := strings.Cut(strings.TrimPrefix(api.URL, "https://"), ":")
		env := here(t, map[string]string{"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port})
		require.ErrorIs(t, ask(t, Config{}, env), ErrConfig, "there is no token")
		write(t, filepath.Join(env.serviceAccount, "ca.crt"), string(api.ca()))
		write(t, filepath.Join(env.serviceAccount, "namespace"), "team-c\n")
		token := write(t, filepath.Join(env.serviceAccount, "token"), "t2\n")
		s, err := newSource(Config{Service: "web"}, env)
		require.NoError(t, err)
		defer s.Close()
		for _, want := range []string{"t2", "t3"} {
			write(t, token, want)
			_, err = s.Nodes(t.Context())
			require.NoError(t, err)
			path, h := api.last()
			require.Equal(t, "Bearer "+want, h.Get("Authorization"), "the token is read again")
			require.Contains(t, path, "/team-c/")
		}
		require.NoError(t, os.Remove(token))
		_, err = s.Nodes(t.Context())
		require.ErrorIs(t, err, ErrConfig)
	})
	t.Run("server, certificate and token", func(t *testing.T) {
		token := write(t, filepath.Join(t.TempDir(), "token"), "t4")
		require.NoError(t, ask(t, Config{Server: api.URL, CAFile: api.caFile, TokenFile: token}, here(t, nil)))
		path, h := api.last()
		require.Contains(t, path, "/namespaces/default/")
		require.Equal(t, "Bearer t4", h.Get("Authorization"))
	})
	t.Run("no current context", func(t *testing.T) {
		env := here(t, nil)
		write(t, filepath.Join(env.home, ".kube", "config"), strings.Replace(file, "current-context: here", "", 1))
		require.ErrorContains(t, ask(t, Config{}, env), "no current-context")
		require.NoError(t, ask(t, Config{Context: "here"}, env))
		require.NoError(t, ask(t, Config{Server: api.URL, CAFile: api.caFile}, env), "a server needs no context")
	})
	t.Run("nowhere", func(t *testing.T) {
		err := ask(t, Config{}, here(t, nil))
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorContains(t, err, "this is not a pod")
	})
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	api := newSecureAPI(t)
	with := func(user string) error {
		return ask(t, Config{Kubeconfig: write(t, filepath.Join(t.TempDir(), "k"), api.kubeconfigOf(user))}, here(t, nil))
	}
	require.NoError(t, with(`{username: u, password: p}`))
	_, h := api.last()
	require.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("u:p")), h.Get("Authorization"))

	require.NoError(t, with(`{token: t, as: alice, as-groups: [a, b], as-uid: "7"}`))
	_, h = api.last()
	require.Equal(t, []string{"alice", "7"}, []string{h.Get("Impersonate-User"), h.Get("Impersonate-Uid")})
	require.Equal(t, []string{"a", "b"}, h.Values("Impersonate-Group"))

	for user, want := range map[string]string{
		`{auth-provider: {name: gcp}}`:                          "auth-provider",
		`{tokenFile: absent}`:                                   "no such file",
		`{client-certificate-data: "%%"}`:                       "not base64",
		`{client-certificate-data: "eA=="}`:                     "",
		`{exec: {command: x, apiVersion: v9}}`:                  "apiVersion",
		`{exec: {apiVersion: client.authentication.k8s.io/v1}}`: "without a command",
		`{exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}}`: "terminal",
		`[`: "yaml",
	} {
		err := with(user)
		require.ErrorIs(t, err, ErrConfig, user)
		require.ErrorContains(t, err, want)
	}
}

func TestCheckServer(t *testing.T) {
	t.Parallel()
	require.NoError(t, checkServer("https://k8s.example.com:6443/prefix", true))
	require.NoError(t, checkServer("http://127.0.0.1:8001", true), "kubectl proxy")
	require.NoError(t, checkServer("http://10.0.0.1", false))
	for _, server := range []string{"", "k8s.example.com", "ftp://x", "https://u:p@x", "https://"} {
		require.ErrorIs(t, checkServer(server, false), ErrConfig, server)
	}
	require.ErrorContains(t, checkServer("http://10.0.0.1", true), "clear text")
}

func TestInsecureIsLogged(t *testing.T) {
	t.Parallel()
	api := newSecureAPI(t)
	var log bytes.Buffer
	text := strings.Replace(api.kubeconfigOf("{token: t}"), fmt.Sprintf("certificate-authority: %q", api.caFile), "insecure-skip-tls-verify: true", 1)
	file := write(t, filepath.Join(t.TempDir(), "k"), text)
	require.NoError(t, ask(t, Config{Kubeconfig: file, Log: slog.New(slog.NewTextHandler(&log, nil))}, here(t, nil)))
	require.Contains(t, log.String(), "not verified")

	file = write(t, file, strings.Replace(text, "insecure-skip-tls-verify: true", "tls-server-name: 127.0.0.1", 1))
	err := ask(t, Config{Kubeconfig: file}, here(t, nil))
	require.ErrorIs(t, err, ErrUnreachable)
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Contains(t, e.Hint(), "certificate-authority")
}

// pluginIn writes a credential plug-in that also counts its runs.
func pluginIn(t *testing.T, dir, body string) (runs func() int) {
	t.Helper()
	log := filepath.Join(dir, "runs")
	write(t, filepath.Join(dir, "login"), "#!/bin/sh\necho run >>"+log+"\n"+body+"\n")
	return func() int {
		text, err := os.ReadFile(log)
		if os.IsNotExist(err) {
			return 0
		}
		require.NoError(t, err)
		return strings.Count(string(text), "run")
	}
}

func TestExecPlugin(t *testing.T) {
	t.Parallel()
	api := newSecureAPI(t)
	source := func(t *testing.T, dir, fields string, change func(*Config)) (*Source, error) {
		user := `{exec: {command: ./login, apiVersion: client.authentication.k8s.io/v1` + fields + `}}`
		c := Config{Service: "web", Kubeconfig: write(t, filepath.Join(dir, "k"), api.kubeconfigOf(user))}
		if change != nil {
			change(&c)
		}
		s, err := newSource(c, here(t, nil))
		if err == nil {
			t.Cleanup(func() { require.NoError(t, s.Close()) })
		}
		return s, err
	}
	credential := func(status string) string {
		return `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":` + status + `}'`
	}
	t.Run("kept until its end", func(t *testing.T) {
		dir := t.TempDir()
		end := time.Now().Add(expirySlack + 2*time.Second).UTC().Format(time.RFC3339)
		runs := pluginIn(t, dir, `echo "$KUBERNETES_EXEC_INFO" >`+dir+`/info; env >`+dir+`/env`+"\n"+credential(`{"token":"from-plugin","expirationTimestamp":"`+end+`"}`))
		s, err := source(t, dir, `, args: [a], env: [{name: REGION, value: eu}], provideClusterInfo: true, interactiveMode: Never`, nil)
		require.NoError(t, err)
		require.Zero(t, runs(), "New sends no request")
		for range 3 {
			_, err = s.Nodes(t.Context())
			require.NoError(t, err)
		}
		_, h := api.last()
		require.Equal(t, "Bearer from-plugin", h.Get("Authorization"))
		require.Equal(t, 1, runs())
		info, err := os.ReadFile(filepath.Join(dir, "info"))
		require.NoError(t, err)
		require.JSONEq(t, fmt.Sprintf(`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false,"cluster":{"server":%q,"certificate-authority-data":%q}}}`,
			api.URL+"/", base64.StdEncoding.EncodeToString(api.ca())), string(info))
		env, err := os.ReadFile(filepath.Join(dir, "env"))
		require.NoError(t, err)
		require.Contains(t, string(env), "REGION=eu")
		require.Eventually(t, func() bool {
			_, err := s.Nodes(t.Context())
			return err == nil && runs() == 2
		}, patience, 50*time.Millisecond, "after its end the plug-in runs again")
	})
	t.Run("no-exec", func(t *testing.T) {
		dir := t.TempDir()
		runs := pluginIn(t, dir, credential(`{"token":"t"}`))
		_, err := source(t, dir, "", func(c *Config) { c.NoExec = true })
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorContains(t, err, "may not run")
		require.Zero(t, runs())
	})
	for name, c := range map[string]struct{ body, text string }{
		"fails":            {`echo "session expired: run login" >&2; exit 3`, `exit status 3: "session expired: run login"`},
		"is no credential": {`echo hello`, "no ExecCredential"},
		"another version":  {`echo '{"apiVersion":"v9","kind":"ExecCredential","status":{"token":"t"}}'`, `it returned "ExecCredential" of "v9"`},
		"is empty":         {credential(`{}`), "no credential"},
		"bad certificate":  {credential(`{"clientCertificateData":"x","clientKeyData":"y"}`), "client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			pluginIn(t, dir, c.body)
			s, err := source(t, dir, "", nil)
			require.NoError(t, err)
			_, err = s.Nodes(t.Context())
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, c.text)
		})
	}
	t.Run("not installed", func(t *testing.T) {
		s, err := source(t, t.TempDir(), `, installHint: "see https://example.com"`, nil)
		require.NoError(t, err)
		_, err = s.Nodes(t.Context())
		require.ErrorContains(t, err, "is not installed: see https://example.com")
	})
}

// TestRefusedPluginToken has the server refuse a token that has not ended: the
// plug-in runs once more, and not for each request.
func TestRefusedPluginToken(t *testing.T) {
	t.Parallel()
	api := newSecureAPI(t)
	dir := t.TempDir()
	runs := pluginIn(t, dir, `n=$(wc -l <`+dir+`/runs); echo "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t$((n))\"}}"`)
	api.accept = func(h http.Header) bool { return h.Get("Authorization") == "Bearer t2" }
	file := write(t, filepath.Join(dir, "k"), api.kubeconfigOf(`{exec: {command: ./login, apiVersion: client.authentication.k8s.io/v1}}`))
	require.NoError(t, ask(t, Config{Kubeconfig: file}, here(t, nil)))
	require.Equal(t, 2, runs())
	require.Equal(t, 2, api.count())

	api.accept = func(http.Header) bool { return false }
	require.ErrorIs(t, ask(t, Config{Kubeconfig: file}, here(t, nil)), ErrPermission)
	require.Equal(t, 4, runs())
}

func TestForgetKeepsANewerToken(t *testing.T) {
	t.Parallel()
	p := &plugin{kept: &credential{token: "new"}}
	p.forget("old")
	require.NotNil(t, p.kept)
	p.forget("new")
	require.Nil(t, p.kept)
}

func TestPluginEnvironment(t *testing.T) {
	t.Parallel()
	p := &plugin{spec: "{}", info: execInfo{}}
	got := p.environ([]string{"AWS_PROFILE=x", "CONSUL_HTTP_TOKEN=secret", "ETCDCTL_PASSWORD=secret", "REDISCLI_AUTH=secret", "PATH=/bin"})
	require.Equal(t, []string{"AWS_PROFILE=x", "PATH=/bin", "KUBERNETES_EXEC_INFO={}"}, got)
}

func TestTokenFromAPipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	_, err = w.WriteString("piped\n")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	f := &tokenFile{path: fmt.Sprintf("/proc/self/fd/%d", r.Fd())}
	for range 2 {
		token, err := f.read(t.Context())
		require.NoError(t, err)
		require.Equal(t, "piped", token, "a pipe gives its content only once")
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"no service":             {},
		"without a server":       {Service: "web", Client: http.DefaultClient},
		"the client has its own": {Service: "web", Client: http.DefaultClient, Server: "https://x", TokenFile: "t"},
		"timeout":                {Service: "web", Timeout: -1},
		"wait":                   {Service: "web", Wait: time.Millisecond},
		"readiness":              {Service: "web", Ready: "soon"},
		"identity":               {Service: "web", Identity: "label:"},
		"its ordinals":           {Service: "web", StatefulSet: "web", Identity: IdentityNode},
		"not the name":           {Service: "../pods"},
	} {
		_, err := New(c)
		require.ErrorIs(t, err, ErrConfig, want)
		require.ErrorContains(t, err, want)
	}
	for _, name := range []string{"", "-a", "a-", "A", "a/b", "a..b/", strings.Repeat("a", 254), "a_b"} {
		require.False(t, isName(name), name)
	}
	for _, name := range []string{"a", "web-0", "a.b-c.9"} {
		require.True(t, isName(name), name)
	}
	require.Equal(t, serviceLabel+"=web,tier!=test", (&Config{Service: "web", Selector: "tier!=test"}).selector())
	require.Equal(t, "app=web", (&Config{Selector: "app=web"}).selector())
}
