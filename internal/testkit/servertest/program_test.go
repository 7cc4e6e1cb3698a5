package servertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// script writes a program that prints a line.
func script(t *testing.T, dir, line string) string {
	t.Helper()
	path := filepath.Join(dir, "consul")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\necho "+line+"\n"), 0o755))
	return path
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLocate(t *testing.T) {
	cached := func(t *testing.T, home string) string {
		t.Setenv("XDG_CACHE_HOME", home)
		path, err := ConsulBuild.Path()
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.Rename(script(t, home, "Consul v9"), path))
		return path
	}
	t.Run("environment first", func(t *testing.T) {
		want := script(t, t.TempDir(), "Consul v9")
		t.Setenv(ConsulProgram.Env, want)
		t.Setenv("PATH", filepath.Dir(script(t, t.TempDir(), "Consul v8"))+":"+os.Getenv("PATH"))
		got, err := ConsulProgram.locate()
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("environment broken", func(t *testing.T) {
		t.Setenv(ConsulProgram.Env, script(t, t.TempDir(), "Nomad v1"))
		_, err := ConsulProgram.locate()
		require.ErrorContains(t, err, ConsulProgram.Env)
		require.ErrorContains(t, err, "is not consul")
		require.NotErrorIs(t, err, errMissing, "a broken program must not skip the test")
	})
	t.Run("environment missing", func(t *testing.T) {
		t.Setenv(ConsulProgram.Env, filepath.Join(t.TempDir(), "absent"))
		_, err := ConsulProgram.locate()
		require.ErrorContains(t, err, "does not run")
		require.NotErrorIs(t, err, errMissing)
	})
	t.Run("path before cache", func(t *testing.T) {
		t.Setenv(ConsulProgram.Env, "")
		cached(t, t.TempDir())
		want := script(t, t.TempDir(), "Consul v9")
		t.Setenv("PATH", filepath.Dir(want))
		got, err := ConsulProgram.locate()
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("cache last", func(t *testing.T) {
		t.Setenv(ConsulProgram.Env, "")
		want := cached(t, t.TempDir())
		t.Setenv("PATH", t.TempDir())
		got, err := ConsulProgram.locate()
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("nowhere", func(t *testing.T) {
		t.Setenv(ConsulProgram.Env, "")
		t.Setenv("PATH", t.TempDir())
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		_, err := ConsulProgram.locate()
		require.ErrorIs(t, err, errMissing)
		require.ErrorContains(t, err, BuildCommand, "the message names the command")
	})
}

// outcome records how Path ends a test.
type outcome struct {
	testing.TB
	skipped, failed bool
}

func (o *outcome) Helper()      {}
func (o *outcome) Skip(...any)  { o.skipped = true }
func (o *outcome) Fatal(...any) { o.failed = true }

func TestMissingProgram(t *testing.T) {
	t.Setenv(ConsulProgram.Env, "")
	t.Setenv("PATH", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Run("skips", func(t *testing.T) {
		t.Setenv(EnvRequire, "")
		o := &outcome{TB: t}
		ConsulProgram.Path(o)
		require.True(t, o.skipped && !o.failed)
	})
	t.Run("required", func(t *testing.T) {
		t.Setenv(EnvRequire, "1")
		o := &outcome{TB: t}
		ConsulProgram.Path(o)
		require.True(t, o.failed && !o.skipped)
	})
}

func TestMissingPackage(t *testing.T) {
	t.Setenv(EtcdProgram.Env, "")
	t.Setenv("PATH", t.TempDir())
	p := EtcdProgram
	p.Name = "no-such-server"
	_, err := p.locate()
	require.ErrorIs(t, err, errMissing)
	require.ErrorContains(t, err, "etcd-server", "the message names the package")
}
