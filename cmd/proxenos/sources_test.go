//go:build unix

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

// runScripts runs the scripts of a directory with variables.
func runScripts(t *testing.T, dir string, variables map[string]string) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", dir),
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

// TestEtcdScripts runs the scripts of testdata/etcd against a real server with TLS
// and users, at $ETCD and $ETCD_PORT. $CA, $CERT and $KEY are for its clients; the
// user reader, with the password of-reader in $PASSWORD_FILE, may not read
// /secret/.
func TestEtcdScripts(t *testing.T) {
	t.Parallel()
	authority := servertest.NewAuthority(t)
	server := servertest.StartEtcd(t, servertest.EtcdOptions{Authority: authority})
	for key, value := range map[string]string{
		"/one/web-1": "10.0.0.1:80",
		"/web/web-1": "10.0.0.1:80", "/web/x": "web-2 10.0.0.2:80",
		"/mixed/good": "10.0.0.9:80", "/mixed/bad": "10.0.0.8:0",
		"/secret/a": "10.0.0.7:80",
	} {
		server.Put(key, value)
	}
	call := func(path string, in map[string]any) { server.Call("/v3/auth/"+path, in, nil) }
	for _, user := range []string{"root", "reader"} {
		call("role/add", map[string]any{"name": user})
		call("user/add", map[string]any{"name": user, "password": "of-" + user})
		call("user/grant", map[string]any{"user": user, "role": user})
	}
	for _, prefix := range []string{"/one/", "/web/", "/mixed/", "/none/", "/other/"} {
		end := []byte(prefix)
		end[len(end)-1]++
		call("role/grant", map[string]any{"name": "reader", "perm": map[string]any{"permType": "READ", "key": []byte(prefix), "range_end": end}})
	}
	call("enable", map[string]any{})
	cert, key := authority.Issue(t, "client")
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("of-reader\n"), 0o600))
	runScripts(t, "etcd", map[string]string{
		"ETCD": server.URL, "ETCD_PORT": portOf(t, server.URL[len("https://"):]),
		"CA": authority.File, "CERT": cert, "KEY": key, "PASSWORD_FILE": password,
	})
}

// TestListScripts runs the scripts of testdata/lists against lists below $LISTS,
// whose certificate is of $CA, and which demand the token of $TOKEN_FILE.
func TestListScripts(t *testing.T) {
	t.Parallel()
	authority := servertest.NewAuthority(t)
	cert, err := tls.LoadX509KeyPair(authority.Issue(t, "lists"))
	require.NoError(t, err)
	lists := map[string]string{
		"/nodes":   `{"nodes": [{"id": "web-1", "address": "10.0.0.1:80"}]}`,
		"/targets": `[{"targets": ["10.0.0.1:80"], "labels": {"name": "web-1", "w": "1", "az": "eu"}}]`,
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		list, known := lists[r.URL.Path]
		switch {
		case r.Header.Get("Authorization") != "Bearer token-of-lists":
			w.WriteHeader(http.StatusUnauthorized)
		case !known:
			w.WriteHeader(http.StatusNotFound)
		default:
			fmt.Fprint(w, list)
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	server.StartTLS()
	t.Cleanup(server.Close)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("token-of-lists\n"), 0o600))
	runScripts(t, "lists", map[string]string{"LISTS": server.URL, "CA": authority.File, "TOKEN_FILE": token})
}
