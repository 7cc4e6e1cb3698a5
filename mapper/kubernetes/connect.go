package kubernetes

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// connection is how to reach the API server.
type connection struct {
	server    string // its URL, without a slash at the end
	namespace string // that the kubeconfig file or the pod names; may be empty
	client    *http.Client
	own       bool // the client is ours to close
	auth      auth
}

// environment is what the connection may depend on besides the configuration.
type environment struct {
	getenv         func(string) string
	home           string
	serviceAccount string // the directory of a pod's service account
}

func systemEnvironment() environment {
	home, _ := os.UserHomeDir() // there is no ~/.kube/config without one
	return environment{os.Getenv, home, "/var/run/secrets/kubernetes.io/serviceaccount"}
}

// connect finds the API server and the credentials.
func connect(c Config, env environment) (connection, error) {
	if c.Client != nil {
		return connection{server: strings.TrimSuffix(c.Server, "/"), client: c.Client}, nil
	}
	context, cluster, user, err := locate(c, env)
	if err != nil {
		return connection{}, err
	}
	if c.TokenFile != "" {
		user = userInfo{TokenFile: c.TokenFile}
	}
	cluster.Server = cmp.Or(c.Server, cluster.Server)
	if c.CAFile != "" {
		cluster.CAFile, cluster.CAData, cluster.Insecure = c.CAFile, "", false
	}
	conn := connection{server: strings.TrimSuffix(cluster.Server, "/"), namespace: context.Namespace, own: true}
	if conn.auth, err = newAuth(user, cluster, c.NoExec); err != nil {
		return connection{}, err
	}
	if err := checkServer(conn.server, conn.auth.secret()); err != nil {
		return connection{}, err
	}
	transport, err := newTransport(c, cluster)
	if err != nil {
		return connection{}, err
	}
	if transport.TLSClientConfig.GetClientCertificate, err = conn.auth.clientCertificate(user); err != nil {
		return connection{}, err
	}
	conn.client = &http.Client{Transport: transport, CheckRedirect: noRedirect}
	return conn, nil
}

// noRedirect returns a redirect as the answer: the token must not follow one to
// another host.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// locate returns the context, the cluster and the user: of a kubeconfig file, or
// of the pod in which the program runs.
func locate(c Config, env environment) (contextInfo, clusterInfo, userInfo, error) {
	files, required := kubeconfigFiles(c, env)
	k, found, err := readKubeconfig(files, c.Kubeconfig != "")
	switch {
	case err != nil:
		return contextInfo{}, clusterInfo{}, userInfo{}, err
	case found && (required || k.CurrentContext != ""):
		return k.choose(c.Context)
	case required:
		return contextInfo{}, clusterInfo{}, userInfo{}, configError("kubeconfig: no file at %s", strings.Join(files, " or "))
	}
	host := env.getenv("KUBERNETES_SERVICE_HOST")
	switch {
	case host != "":
		return inCluster(host, env)
	case c.Server != "":
		return contextInfo{}, clusterInfo{}, userInfo{}, nil
	case found:
		return k.choose("") // which says that there is no current context
	}
	return contextInfo{}, clusterInfo{}, userInfo{}, configError("no cluster: there is no kubeconfig file at %s, and this is not a pod", strings.Join(files, " or "))
}

// kubeconfigFiles returns the files to read, and whether one of them must exist.
func kubeconfigFiles(c Config, env environment) (files []string, required bool) {
	if c.Kubeconfig != "" {
		return []string{c.Kubeconfig}, true
	}
	for _, file := range filepath.SplitList(env.getenv("KUBECONFIG")) {
		if file != "" {
			files = append(files, file)
		}
	}
	if files == nil {
		files = []string{filepath.Join(env.home, ".kube", "config")}
	}
	return files, c.Context != ""
}

// inCluster returns how a pod reaches the API server.
func inCluster(host string, env environment) (contextInfo, clusterInfo, userInfo, error) {
	in := func(name string) string { return filepath.Join(env.serviceAccount, name) }
	namespace, err := os.ReadFile(in("namespace"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return contextInfo{}, clusterInfo{}, userInfo{}, configError("the service account: %w", err)
	}
	server := "https://" + net.JoinHostPort(host, cmp.Or(env.getenv("KUBERNETES_SERVICE_PORT"), "443"))
	return contextInfo{Namespace: strings.TrimSpace(string(namespace))},
		clusterInfo{Server: server, CAFile: in("ca.crt")}, userInfo{TokenFile: in("token")}, nil
}

// checkServer rejects a URL that is none, holds a password, or would carry a
// secret in clear text over a network.
func checkServer(server string, secret bool) error {
	u, err := url.Parse(server)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return configError("server %q: want a URL such as https://10.0.0.1:6443", server)
	case u.User != nil:
		return configError("the URL of the server holds a password: give a token file instead")
	case u.Scheme == "http" && secret && !isLoopback(u.Hostname()):
		return configError("server %q: credentials would be sent in clear text: want https", server)
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// newTransport returns a transport that notices a connection without life: it
// sends a ping after a silence, where the server speaks HTTP/2.
func newTransport(c Config, cluster clusterInfo) (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // the standard library's
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 2 * c.Timeout, PingTimeout: c.Timeout}
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cluster.TLSServerName}
	if cluster.Insecure {
		c.Log.Warn("insecure-skip-tls-verify: the certificate of the API server is not verified", "server", cluster.Server)
		t.TLSClientConfig.InsecureSkipVerify = true
	}
	if cluster.ProxyURL != "" {
		proxy, err := url.Parse(cluster.ProxyURL)
		if err != nil || proxy.Host == "" {
			return nil, configError("kubeconfig: proxy-url is not a URL")
		}
		t.Proxy = http.ProxyURL(proxy)
	}
	if cluster.CAFile == "" && cluster.CAData == "" {
		return t, nil
	}
	text, err := pemOf(cluster.CAFile, cluster.CAData)
	if err != nil {
		return nil, err
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
		return nil, configError("no certificate to trust in %s", cmp.Or(cluster.CAFile, "certificate-authority-data"))
	}
	return t, nil
}
