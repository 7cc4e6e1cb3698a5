package servertest

import (
	"context"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStartFailsIfTheProgramExits(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("false")
	require.NoError(t, err)
	_, err = TryStart(t, Command{Program: path, Ready: func(context.Context) error { return context.Canceled }})
	require.ErrorContains(t, err, "exited")
}

func TestEtcdKillRestart(t *testing.T) {
	t.Parallel()
	e := StartEtcd(t, EtcdOptions{})
	before := e.Put("a", "1")
	require.Greater(t, e.Put("a", "2"), before)
	e.Kill()
	require.False(t, e.Running())
	require.Error(t, e.ready(t.Context()), "a killed server does not respond")
	e.Restart()
	require.Equal(t, "2", e.get("a"), "the data survives")

	e.Suspend()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, e.ready(ctx), context.DeadlineExceeded)
	e.Resume()
	require.Equal(t, "2", e.get("a"))

	e.RestartEmpty()
	require.Empty(t, e.get("a"))
	require.LessOrEqual(t, e.Put("a", "3"), before, "revisions count from the start")
}

func TestEtcdLease(t *testing.T) {
	t.Parallel()
	e := StartEtcd(t, EtcdOptions{})
	lease := e.Grant(time.Minute)
	e.PutLease("dir/a", "1", lease)
	e.Put("dir/b", "2")
	e.Revoke(lease)
	require.Empty(t, e.get("dir/a"))
	require.Equal(t, "2", e.get("dir/b"))
	e.DeletePrefix("dir/")
	require.Empty(t, e.get("dir/b"))
}

func TestEtcdTLS(t *testing.T) {
	t.Parallel()
	e := StartEtcd(t, EtcdOptions{Authority: NewAuthority(t), ClientCerts: true})
	e.Put("a", "1")
	require.Equal(t, "1", e.get("a"))
	conn, err := net.Dial("tcp", e.URL[len("https://"):])
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
	require.NoError(t, err)
	answer := make([]byte, 100)
	n, _ := conn.Read(answer)
	require.NotContains(t, string(answer[:n]), "200", "the server speaks TLS only")
}

// get returns the value of a key.
func (e *Etcd) get(key string) string {
	e.tb.Helper()
	var out struct{ Kvs []struct{ Value []byte } }
	e.Call("/v3/kv/range", map[string]any{"key": []byte(key)}, &out)
	if len(out.Kvs) == 0 {
		return ""
	}
	return string(out.Kvs[0].Value)
}
