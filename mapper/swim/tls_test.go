package swim

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// handshake connects two ends and returns the error of each.
func handshake(t *testing.T, client, server *tls.Config) (atClient, atServer error) {
	t.Helper()
	a, b := net.Pipe()
	t.Cleanup(func() { assert.NoError(t, a.Close()); assert.NoError(t, b.Close()) })
	end := tls.Server(b, server)
	done := make(chan error, 1)
	go func() {
		err := end.Handshake()
		if err == nil {
			_, err = end.Write([]byte("x"))
		}
		if err != nil {
			_ = b.Close()
		}
		done <- err
	}()
	c := tls.Client(a, client)
	if atClient = c.Handshake(); atClient == nil {
		_, atClient = c.Read(make([]byte, 1)) // a rejected client learns of it here
	} else {
		_ = a.Close()
	}
	return atClient, <-done
}

func TestTLSAdmitsASharedSecret(t *testing.T) {
	t.Parallel()
	secret := func(text string) Secret {
		s, err := NewSecret([]byte(text))
		require.NoError(t, err)
		return s
	}
	older, newer, other := secret("the old secret is this"), secret("the new secret is this"), secret("a secret of other members")
	config := func(purpose string, secrets ...Secret) *tls.Config {
		c, err := TLS(purpose, secrets...)
		require.NoError(t, err)
		return c
	}
	for _, tt := range []struct {
		name           string
		client, server *tls.Config
		want           string // the error of an end, or ""
	}{
		{"the same secret", config("store", older), config("store", older), ""},
		{"the first step of a rotation", config("store", older), config("store", older, newer), ""},
		{"the second step of a rotation", config("store", older, newer), config("store", newer, older), ""},
		{"the third step of a rotation", config("store", newer), config("store", newer, older), ""},
		{"another secret", config("store", other), config("store", older), ErrOtherSecret.Error()},
		{"only one end accepts the other", config("store", older), config("store", newer, older), ErrOtherSecret.Error()},
		{"another purpose", config("cache", older), config("store", older), "the peer serves another purpose"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			atClient, atServer := handshake(t, tt.client, tt.server)
			if tt.want == "" {
				assert.NoError(t, atClient)
				assert.NoError(t, atServer)
				return
			}
			require.Error(t, atClient)
			require.Error(t, atServer)
			assert.ErrorContains(t, atClient, tt.want, "a client checks the server first")
		})
	}
}

func TestTLSNeedsSecrets(t *testing.T) {
	t.Parallel()
	_, err := TLS("store")
	require.ErrorContains(t, err, "at least one secret is needed")
	_, err = TLS("store", Secret{})
	require.ErrorContains(t, err, "create each with NewSecret")
}
