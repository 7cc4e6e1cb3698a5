package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	oldSecret = "0123456789abcdef0123456789abcdef"
	newSecret = "fedcba9876543210fedcba9876543210"
)

// secretFile writes secrets, one a line, to a file.
func secretFile(t *testing.T, secrets ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(secrets, "\n")+"\n"), 0o600))
	return path
}

// A client without the secret can neither write nor read.
func TestSecret(t *testing.T) {
	t.Parallel()
	ours, theirs := secretFile(t, oldSecret), secretFile(t, newSecret)
	first := found(t, "--secret-file", ours)
	serve(t, "-h", first.addr, "-p", freePort(t), "--secret-file", ours)
	_, stderr, code := run(t, "put", "-h", first.addr, "--secret-file", ours, "k", "v")
	require.Zero(t, code, stderr)
	out, stderr, _ := run(t, "get", "-h", first.addr, "--secret-file", ours, "k")
	assert.Equal(t, "v\n", out)
	assert.Empty(t, stderr, "others cannot read the file")
	for _, args := range [][]string{{"get", "-h", first.addr, "k"}, {"get", "-h", first.addr, "--secret-file", theirs, "k"}} {
		out, _, code := run(t, args...)
		assert.NotZero(t, code)
		assert.Empty(t, out)
	}
	assert.NotContains(t, first.stderr(), oldSecret[:16])

	require.NoError(t, os.Chmod(ours, 0o644))
	_, stderr, code = run(t, "get", "-h", first.addr, "--secret-file", ours, "k")
	assert.Zero(t, code)
	assert.Contains(t, stderr, "other users may read the secret")
}

// A node that looks for a store does not found one beside a store whose secret it
// lacks.
func TestNoStoreBesideOneWithAnotherSecret(t *testing.T) {
	t.Parallel()
	ours, theirs := secretFile(t, oldSecret), secretFile(t, newSecret)
	port, open := freePort(t), freePort(t)
	found(t, "-p", port, "--secret-file", ours)
	found(t, "-p", open)
	tests := []struct {
		name, port string
		args       []string
		message    string
	}{
		{"another secret", port, []string{"--secret-file", theirs}, "has another secret"},
		{"none", port, nil, "has a secret, and this command has none"},
		{"only this node has one", open, []string{"--secret-file", ours}, "has no secret, and this command has one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := append(tt.args, "--first-port", tt.port)
			for _, command := range [][]string{{"serve", "-p", freePort(t)}, {"get", "k"}} {
				_, stderr, code := run(t, append(command, args...)...)
				assert.Equal(t, 64, code)
				assert.Contains(t, stderr, "the node at \"localhost:"+tt.port+"\" "+tt.message)
				assert.Contains(t, stderr, "hint: use the --secret-file of that node; serve --found starts a store beside it")
			}
		})
	}
}

// Nodes that are restarted one by one change the secret without an outage: first
// all accept the new one, then all use it.
func TestRotation(t *testing.T) {
	t.Parallel()
	accepts, uses := secretFile(t, oldSecret, newSecret), secretFile(t, newSecret, oldSecret)
	first := found(t, "--secret-file", accepts)
	second := serve(t, "-h", first.addr, "-p", freePort(t), "--secret-file", uses)
	for node, secrets := range map[*server]string{first: secretFile(t, oldSecret), second: secretFile(t, newSecret)} {
		for _, secrets := range []string{secrets, accepts, uses} {
			_, stderr, code := run(t, "put", "-h", node.addr, "--secret-file", secrets, "k", "v")
			assert.Zero(t, code, stderr)
		}
	}
	_, stderr, code := run(t, "get", "-h", second.addr, "--secret-file", secretFile(t, oldSecret), "k")
	assert.Equal(t, 64, code)
	assert.Contains(t, stderr, "the peer has another secret\nhint: use the --secret-file of that node")
}
