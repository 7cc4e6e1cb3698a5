package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// APIServer is a Kubernetes API server that keeps its objects in an etcd of its
// own. It uses RBAC, and admits pods without service accounts, as no controllers
// run. Its methods fail the test instead of returning an error, and must be called
// from the test's goroutine.
type APIServer struct {
	*Process
	URL    string // https://127.0.0.1:port
	CAFile string // the certificate of the authority to trust
	Admin  string // a token with all permissions
	Etcd   *Etcd

	tb        testing.TB
	authority *Authority
	http      *http.Client
}

// StartAPIServer starts an etcd and an API server.
func StartAPIServer(tb testing.TB) *APIServer {
	tb.Helper()
	program := APIServerProgram.Path(tb)
	dir := tb.TempDir()
	s := &APIServer{tb: tb, authority: NewAuthority(tb), Admin: "admin-token", http: NewHTTPClient()}
	tb.Cleanup(s.http.CloseIdleConnections)
	s.Etcd = StartEtcd(tb, EtcdOptions{})
	port := freeport.Take(tb)
	s.URL, s.CAFile = "https://"+Loopback(port), s.authority.File
	s.http.Transport.(*http.Transport).TLSClientConfig = s.authority.ClientTLS(tb)
	cert, key := s.authority.Issue(tb, "kube-apiserver")
	tokens := filepath.Join(dir, "tokens.csv")
	require.NoError(tb, os.WriteFile(tokens, []byte(s.Admin+",admin,admin,system:masters\n"), 0o600))
	s.Process = Start(tb, Command{
		Program: program,
		Args: []string{
			"--etcd-servers=" + s.Etcd.URL, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
			fmt.Sprintf("--secure-port=%d", port), "--cert-dir=" + dir,
			"--tls-cert-file=" + cert, "--tls-private-key-file=" + key, "--client-ca-file=" + s.CAFile,
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + key, "--service-account-signing-key-file=" + key,
			"--token-auth-file=" + tokens, "--authorization-mode=RBAC",
			"--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount",
			"--endpoint-reconciler-type=none", "--shutdown-delay-duration=0s",
		},
		Ready: s.ready,
	})
	return s
}

// ready returns nil once the server has finished its start and the namespace of
// the tests exists.
func (s *APIServer) ready(ctx context.Context) error {
	if err := s.call(ctx, http.MethodGet, "/readyz", nil, nil); err != nil {
		return err
	}
	return s.call(ctx, http.MethodGet, "/api/v1/namespaces/default", nil, nil)
}

// Call sends a request with all permissions. Body is encoded as JSON unless it is
// nil, and the response is decoded into out unless that is nil.
func (s *APIServer) Call(method, path string, body, out any) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	require.NoError(s.tb, s.call(ctx, method, path, body, out))
}

func (s *APIServer) call(ctx context.Context, method, path string, body, out any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.Admin)
	r.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		r.Header.Set("Content-Type", "application/merge-patch+json")
	}
	a, err := s.http.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close() //nolint:errcheck // it is only read
	answer, err := io.ReadAll(a.Body)
	switch {
	case err != nil:
		return err
	case a.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("%s %s: status %d: %s", method, path, a.StatusCode, answer)
	case out == nil:
		return nil
	}
	return json.Unmarshal(answer, out)
}

// Apply creates an object in a collection, or replaces the one of the same name.
// The object has a name in its metadata.
func (s *APIServer) Apply(collection string, object map[string]any) {
	s.tb.Helper()
	name := object["metadata"].(map[string]any)["name"].(string)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if s.call(ctx, http.MethodPut, collection+"/"+name, object, nil) == nil {
		return
	}
	require.NoError(s.tb, s.call(ctx, http.MethodPost, collection, object, nil))
}

// Token returns a token of a service account in the namespace default, which it
// creates if necessary. The token ends after a time, ten minutes at least.
func (s *APIServer) Token(account string, lifetime time.Duration) string {
	s.tb.Helper()
	const accounts = "/api/v1/namespaces/default/serviceaccounts"
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if s.call(ctx, http.MethodGet, accounts+"/"+account, nil, nil) != nil {
		s.Call(http.MethodPost, accounts, map[string]any{"metadata": map[string]any{"name": account}}, nil)
	}
	var out struct{ Status struct{ Token string } }
	spec := map[string]any{"expirationSeconds": max(int64(lifetime/time.Second), 600)}
	s.Call(http.MethodPost, accounts+"/"+account+"/token", map[string]any{"spec": spec}, &out)
	require.NotEmpty(s.tb, out.Status.Token)
	return out.Status.Token
}

// Rule is a rule of an RBAC role, for one API group.
type Rule struct {
	Group     string
	Resources []string
	Verbs     []string
}

// Grant gives a service account of the namespace default exactly these
// permissions in that namespace. They take effect within a second.
func (s *APIServer) Grant(account string, rules ...Rule) {
	s.tb.Helper()
	const group = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/"
	list := make([]map[string]any, 0, len(rules))
	for _, r := range rules {
		list = append(list, map[string]any{"apiGroups": []string{r.Group}, "resources": r.Resources, "verbs": r.Verbs})
	}
	s.Apply(group+"roles", map[string]any{"metadata": map[string]any{"name": account}, "rules": list})
	s.Apply(group+"rolebindings", map[string]any{
		"metadata": map[string]any{"name": account},
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
		"subjects": []map[string]any{{"kind": "ServiceAccount", "name": account, "namespace": "default"}},
	})
}

// ClientCert issues a client certificate for a user in groups.
func (s *APIServer) ClientCert(user string, groups ...string) (certFile, keyFile string) {
	s.tb.Helper()
	return s.authority.Issue(s.tb, user, groups...)
}

// Kubeconfig writes a kubeconfig file with one context, whose user has these
// fields, and returns its path. The user is YAML, one field a line:
//
//	file := s.Kubeconfig("default", "token: "+s.Admin)
func (s *APIServer) Kubeconfig(namespace, user string) string {
	s.tb.Helper()
	file := filepath.Join(s.tb.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts:
- name: test
  context: {cluster: test, user: test, namespace: %q}
clusters:
- name: test
  cluster: {server: %q, certificate-authority: %q}
users:
- name: test
  user:
    %s
`, namespace, s.URL, s.CAFile, strings.ReplaceAll(strings.TrimSpace(user), "\n", "\n    "))
	require.NoError(s.tb, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// RestartEmpty kills the server and its etcd and starts both without objects:
// resource versions count from the start.
func (s *APIServer) RestartEmpty() {
	s.tb.Helper()
	s.Kill()
	s.Etcd.RestartEmpty()
	s.Restart()
}
