package consultest

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func listens(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// script writes a program that prints a line.
func script(t *testing.T, dir, line string) string {
	t.Helper()
	path := filepath.Join(dir, "consul")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\necho "+line+"\n"), 0o755))
	return path
}

func TestLocate(t *testing.T) {
	cached := func(t *testing.T, home string) string {
		dir, err := ServerDir()
		require.NoError(t, err)
		version, err := Version(dir)
		require.NoError(t, err)
		t.Setenv("XDG_CACHE_HOME", home)
		path, err := Cached(version)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.Rename(script(t, home, "Consul v9"), path))
		return path
	}
	t.Run("environment first", func(t *testing.T) {
		want := script(t, t.TempDir(), "Consul v9")
		t.Setenv(EnvBinary, want)
		t.Setenv("PATH", filepath.Dir(script(t, t.TempDir(), "Consul v8"))+":"+os.Getenv("PATH"))
		got, err := locate()
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("environment broken", func(t *testing.T) {
		t.Setenv(EnvBinary, script(t, t.TempDir(), "Nomad v1"))
		_, err := locate()
		require.ErrorContains(t, err, EnvBinary)
		require.ErrorContains(t, err, "is not consul")
		require.NotErrorIs(t, err, errMissing, "a broken program must not skip the test")
	})
	t.Run("environment missing", func(t *testing.T) {
		t.Setenv(EnvBinary, filepath.Join(t.TempDir(), "absent"))
		_, err := locate()
		require.ErrorContains(t, err, "does not run")
		require.NotErrorIs(t, err, errMissing)
	})
	t.Run("path before cache", func(t *testing.T) {
		t.Setenv(EnvBinary, "")
		cached(t, t.TempDir())
		want := script(t, t.TempDir(), "Consul v9")
		t.Setenv("PATH", filepath.Dir(want))
		got, err := locate()
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("cache last", func(t *testing.T) {
		t.Setenv(EnvBinary, "")
		want := cached(t, t.TempDir())
		t.Setenv("PATH", t.TempDir())
		got, err := locate()
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("nowhere", func(t *testing.T) {
		t.Setenv(EnvBinary, "")
		t.Setenv("PATH", t.TempDir())
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		_, err := locate()
		require.ErrorIs(t, err, errMissing)
		require.ErrorContains(t, err, BuildCommand, "the message names the command")
	})
}

// outcome records how Binary ends a test.
type outcome struct {
	testing.TB
	skipped, failed bool
}

func (o *outcome) Helper()      {}
func (o *outcome) Skip(...any)  { o.skipped = true }
func (o *outcome) Fatal(...any) { o.failed = true }

func TestBinaryMissing(t *testing.T) {
	t.Setenv(EnvBinary, "")
	t.Setenv("PATH", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Run("skips", func(t *testing.T) {
		t.Setenv(EnvRequire, "")
		o := &outcome{TB: t}
		Binary(o)
		require.True(t, o.skipped && !o.failed)
	})
	t.Run("required", func(t *testing.T) {
		t.Setenv(EnvRequire, "1")
		o := &outcome{TB: t}
		Binary(o)
		require.True(t, o.failed && !o.skipped)
	})
}
