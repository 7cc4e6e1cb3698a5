package kubernetes

import (
	"context"
	"crypto/tls"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/proxenos/proxenos/internal/secret"
)

// auth adds credentials to requests. Its zero value adds none.
type auth struct {
	token              string
	file               *tokenFile
	plugin             *plugin
	username, password string
	header             http.Header // of impersonation
}

// newAuth returns the credentials of a user. As for kubectl, a token goes before
// a plug-in.
func newAuth(u userInfo, cluster clusterInfo, noExec bool) (auth, error) {
	a := auth{token: u.Token, username: u.Username, password: u.Password, header: http.Header{}}
	if u.AuthProvider != nil {
		return a, configError("kubeconfig: auth-provider %q: Kubernetes has removed it; use its exec credential plug-in", u.AuthProvider.Name)
	}
	if u.As != "" {
		a.header.Set("Impersonate-User", u.As)
	}
	if u.AsUID != "" {
		a.header.Set("Impersonate-Uid", u.AsUID)
	}
	for _, group := range u.AsGroups {
		a.header.Add("Impersonate-Group", group)
	}
	switch {
	case u.TokenFile != "":
		a.file, a.token = &tokenFile{path: u.TokenFile}, ""
		_, err := a.file.read(context.Background())
		return a, err
	case u.Token == "" && u.Exec != nil && noExec:
		return a, configError("kubeconfig: the user needs the credential plug-in %q, which may not run", u.Exec.Command)
	case u.Token == "" && u.Exec != nil:
		var err error
		a.plugin, err = newPlugin(*u.Exec, cluster)
		return a, err
	}
	return a, nil
}

// secret reports whether requests hold a secret in their header.
func (a *auth) secret() bool {
	return a.token != "" || a.file != nil || a.plugin != nil || a.username != ""
}

// authorize adds the credentials to a request. Ctx bounds how long a plug-in may
// take.
func (a *auth) authorize(ctx context.Context, r *http.Request) error {
	for name, values := range a.header {
		r.Header[name] = values
	}
	token, err := a.current(ctx)
	switch {
	case err != nil:
		return err
	case token != "":
		r.Header.Set("Authorization", "Bearer "+token)
	case a.username != "":
		r.SetBasicAuth(a.username, a.password)
	}
	return nil
}

func (a *auth) current(ctx context.Context) (string, error) {
	switch {
	case a.file != nil:
		return a.file.read(ctx)
	case a.plugin != nil:
		c, err := a.plugin.current(ctx)
		return c.token, err
	}
	return a.token, nil
}

// refused forgets the credential of a request that the API server has refused, and
// reports whether the next one may be another.
func (a *auth) refused(r *http.Request) bool {
	if a.plugin == nil || r == nil {
		return false
	}
	a.plugin.forget(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	return true
}

// clientCertificate returns the callback that gives the client certificate, or
// nil if there is none. Files are read again for each connection.
func (a *auth) clientCertificate(u userInfo) (func(*tls.CertificateRequestInfo) (*tls.Certificate, error), error) {
	if a.plugin != nil {
		return func(i *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c, err := a.plugin.current(i.Context())
			if err != nil || c.cert == nil {
				return &tls.Certificate{}, err
			}
			return c.cert, nil
		}, nil
	}
	if u.CertFile == "" && u.CertData == "" {
		return nil, nil
	}
	read := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		cert, err := pemOf(u.CertFile, u.CertData)
		if err != nil {
			return nil, err
		}
		key, err := pemOf(u.KeyFile, u.KeyData)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, configError("client certificate: %w", err)
		}
		return &pair, nil
	}
	_, err := read(nil)
	return read, err
}

// tokenFile reads a token. A regular file is read each time. Anything else, such
// as a pipe, gives its content only once, which is kept.
type tokenFile struct {
	path string

	mu   sync.Mutex
	once string // the content of what is not a regular file
}

func (t *tokenFile) read(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.once != "" {
		return t.once, nil
	}
	text, err := secret.ReadFile(ctx, t.path, secret.MaxFile)
	if err != nil {
		return "", configError("the token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", configError("the token: file %q is empty", t.path)
	}
	if info, err := os.Stat(t.path); err == nil && !info.Mode().IsRegular() {
		t.once = token
	}
	return token, nil
}
