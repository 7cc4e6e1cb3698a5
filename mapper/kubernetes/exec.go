package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// plugin runs a credential plug-in as kubectl does, and keeps what it returns
// until that expires or is refused. See
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
type plugin struct {
	info execInfo
	spec string // the value of KUBERNETES_EXEC_INFO

	mu   sync.Mutex // held while the plug-in runs
	kept *credential
}

// credential is what a plug-in returns.
type credential struct {
	token   string
	cert    *tls.Certificate
	expires time.Time // zero: not known
}

// expirySlack is how long before its end a credential is replaced, so that a
// request does not carry one that ends on the way.
const expirySlack = 10 * time.Second

func (c *credential) valid() bool {
	return c != nil && (c.expires.IsZero() || time.Until(c.expires) > expirySlack)
}

// execCredential is the message that the plug-in reads and the one that it
// writes.
type execCredential struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Spec       execSpec    `json:"spec"`
	Status     *execStatus `json:"status,omitempty"`
}

type execSpec struct {
	Interactive bool         `json:"interactive"`
	Cluster     *execCluster `json:"cluster,omitempty"`
}

type execCluster struct {
	Server        string `json:"server"`
	TLSServerName string `json:"tls-server-name,omitempty"`
	Insecure      bool   `json:"insecure-skip-tls-verify,omitempty"`
	CAData        []byte `json:"certificate-authority-data,omitempty"`
	ProxyURL      string `json:"proxy-url,omitempty"`
}

type execStatus struct {
	Token    string    `json:"token"`
	CertData string    `json:"clientCertificateData"`
	KeyData  string    `json:"clientKeyData"`
	Expires  time.Time `json:"expirationTimestamp,omitzero"`
}

func newPlugin(info execInfo, cluster clusterInfo) (*plugin, error) {
	switch {
	case info.Command == "":
		return nil, configError("kubeconfig: a credential plug-in without a command")
	case info.APIVersion != "client.authentication.k8s.io/v1" && info.APIVersion != "client.authentication.k8s.io/v1beta1":
		return nil, configError("credential plug-in %q: apiVersion %q: want client.authentication.k8s.io/v1", info.Command, info.APIVersion)
	case info.InteractiveMode == "Always":
		return nil, configError("credential plug-in %q: it asks questions on a terminal: log in with it first, and give a token file", info.Command)
	}
	spec := execSpec{}
	if info.ProvideClusterInfo {
		spec.Cluster = &execCluster{Server: cluster.Server, TLSServerName: cluster.TLSServerName, Insecure: cluster.Insecure, ProxyURL: cluster.ProxyURL}
		if cluster.CAFile != "" || cluster.CAData != "" {
			var err error
			if spec.Cluster.CAData, err = pemOf(cluster.CAFile, cluster.CAData); err != nil {
				return nil, err
			}
		}
	}
	text, err := json.Marshal(execCredential{APIVersion: info.APIVersion, Kind: "ExecCredential", Spec: spec})
	return &plugin{info: info, spec: string(text)}, err
}

// current returns the credential that is kept, or runs the plug-in for another.
func (p *plugin) current(ctx context.Context) (credential, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept.valid() {
		return *p.kept, nil
	}
	c, err := p.run(ctx)
	if err != nil {
		return credential{}, err
	}
	p.kept = &c
	return c, nil
}

// forget drops what is kept if it has this token: of several requests that are
// refused together, the first makes the plug-in run again.
func (p *plugin) forget(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept != nil && p.kept.token == token {
		p.kept = nil
	}
}

// Limits on what a plug-in writes, in bytes.
const (
	maxCredential = 1 << 20
	maxComplaint  = 400
)

func (p *plugin) run(ctx context.Context) (credential, error) {
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, p.info.Command, p.info.Args...) //nolint:gosec // the user's own kubeconfig file names it
	cmd.Env = p.environ(os.Environ())
	cmd.Stdout, cmd.Stderr = &limited{&out, maxCredential}, &limited{&complaint, maxComplaint}
	cmd.WaitDelay = time.Second // for a grandchild that keeps the output open
	if err := cmd.Run(); err != nil {
		return credential{}, p.failed(ctx, err, complaint.String())
	}
	var answer execCredential
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return credential{}, configError("credential plug-in %q: its output is no ExecCredential", p.info.Command)
	}
	s := answer.Status
	switch {
	case answer.Kind != "ExecCredential" || answer.APIVersion != p.info.APIVersion:
		return credential{}, configError("credential plug-in %q: it returned %q of %q, not ExecCredential of %q", p.info.Command, answer.Kind, answer.APIVersion, p.info.APIVersion)
	case s == nil || s.Token == "" && s.CertData == "":
		return credential{}, configError("credential plug-in %q: it returned no credential", p.info.Command)
	}
	c := credential{token: s.Token, expires: s.Expires}
	if s.CertData != "" {
		pair, err := tls.X509KeyPair([]byte(s.CertData), []byte(s.KeyData))
		if err != nil {
			return credential{}, configError("credential plug-in %q: client certificate: %w", p.info.Command, err)
		}
		c.cert = &pair
	}
	return c, nil
}

// failed words why the plug-in did not run or ended with an error.
func (p *plugin) failed(ctx context.Context, err error, complaint string) error {
	switch complaint = strings.TrimSpace(complaint); {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist):
		hint := strings.TrimSpace(p.info.InstallHint)
		if hint != "" {
			hint = ": " + hint
		}
		return configError("credential plug-in %q is not installed%s", p.info.Command, hint)
	case complaint != "":
		return configError("credential plug-in %q: %w: %q", p.info.Command, err, complaint)
	}
	return configError("credential plug-in %q: %w", p.info.Command, err)
}

// environ returns the environment of the plug-in: that of this process, as the
// tools of cloud providers need their own variables, without the variables that
// hold secrets of other sources, and with those of the kubeconfig file.
func (p *plugin) environ(env []string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		return strings.HasPrefix(entry, "CONSUL_") || strings.HasPrefix(entry, "ETCDCTL_") || strings.HasPrefix(entry, "PROXENOS_") || strings.HasPrefix(entry, "REDISCLI_")
	})
	for _, e := range p.info.Env {
		env = append(env, e.Name+"="+e.Value)
	}
	return append(env, "KUBERNETES_EXEC_INFO="+p.spec)
}

// limited drops what exceeds a number of bytes.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	kept := p[:min(len(p), l.left)]
	l.left -= len(kept)
	if _, err := l.w.Write(kept); err != nil {
		return 0, err
	}
	return len(p), nil
}
