package swim

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/internal/secret"
)

// Secret is shared by the members of a cluster. It always prints as [redacted].
// The zero value is not a secret.
//
// Every packet and stream is encrypted and authenticated by AES-256-GCM with a
// key that HKDF-SHA256 derives from the secret. That does not harden passwords:
// use 16 random bytes or more.
type Secret struct{ root [sha256.Size]byte } // what HKDF extracts from the bytes

// NewSecret returns a secret made of 16 bytes or more. Line ends at the end, which
// editors and mounted files add, are not part of it.
func NewSecret(raw []byte) (Secret, error) {
	raw = bytes.TrimRight(raw, "\r\n")
	if err := secret.CheckLength(raw); err != nil {
		return Secret{}, err
	}
	root, err := hkdf.Extract(sha256.New, raw, nil)
	if err != nil {
		return Secret{}, err
	}
	return Secret{[sha256.Size]byte(root)}, nil
}

// Key returns a key of 32 bytes for another protocol that the members speak, so
// that one secret serves both. Each purpose has a key of its own, which HKDF-SHA256
// expands from the secret.
func (s Secret) Key(purpose string) ([]byte, error) {
	return hkdf.Expand(sha256.New, s.root[:], purpose, sha256.Size)
}

// ParseSecrets returns the secrets in a text, one a line, for [Config.Secrets].
// Each line is text of 16 bytes or more, such as hex or base64.
func ParseSecrets(text []byte) ([]Secret, error) {
	lines, err := secret.Lines(text)
	if err != nil {
		return nil, err
	}
	var secrets []Secret
	for _, line := range lines {
		s, err := NewSecret(line)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, s)
	}
	return secrets, nil
}

// ReadSecrets returns the secrets in a file, as [ParseSecrets] does. It reads at
// most 64 KiB, and waits for a pipe for up to ten seconds or until ctx ends. It
// logs a warning if other users may read the file; log may be nil.
func ReadSecrets(ctx context.Context, path string, log *slog.Logger) ([]Secret, error) {
	text, err := secret.ReadFile(ctx, path, secret.MaxFile)
	if err != nil {
		return nil, err
	}
	secrets, err := ParseSecrets(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if log != nil && secret.Exposed(path) {
		log.Warn("other users may read the secret: chmod 600 prevents that", "file", path)
	}
	return secrets, nil
}

const redacted = "[redacted]"

// String returns [redacted].
func (Secret) String() string { return redacted }

// GoString returns [redacted].
func (Secret) GoString() string { return redacted }

// LogValue returns [redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// keyring returns the keyring for memberlist, or nil without a secret.
func keyring(secrets []Secret) (*memberlist.Keyring, error) {
	if len(secrets) == 0 {
		return nil, nil
	}
	keys, err := keysFor(gossipPurpose, secrets)
	if err != nil {
		return nil, err
	}
	return memberlist.NewKeyring(keys, keys[0])
}

var errNoSecrets = errors.New("at least one secret is needed")

// gossipPurpose is the purpose of the key that encrypts packets and streams.
const gossipPurpose = "proxenos swim v1"

// keysFor refuses the zero value, which NewSecret returns with an error: as a
// key it would be known to all.
func keysFor(purpose string, secrets []Secret) ([][]byte, error) {
	var keys [][]byte
	for _, s := range secrets {
		if s == (Secret{}) {
			return nil, errors.New("one of the secrets is empty: create each with NewSecret")
		}
		key, err := s.Key(purpose)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// SetSecrets replaces the secrets of a running member: the first one encrypts
// from now on, and each of them decrypts. To rotate without loss, take three
// steps, each on every member before the next: (old, new), (new, old), (new). A
// member that joined without a secret cannot get one.
func (c *Cluster) SetSecrets(secrets ...Secret) error {
	ring := c.keyring
	if ring == nil {
		return errors.New("the member joined without a secret: start it again with one")
	}
	if len(secrets) == 0 {
		return errNoSecrets
	}
	keys, err := keysFor(gossipPurpose, secrets)
	if err != nil {
		return err
	}
	c.rotating.Lock()
	defer c.rotating.Unlock()
	keep := map[string]bool{}
	for _, key := range keys {
		keep[string(key)] = true
		if err := ring.AddKey(key); err != nil {
			return err
		}
	}
	if err := ring.UseKey(keys[0]); err != nil {
		return err
	}
	for _, old := range ring.GetKeys() {
		if keep[string(old)] {
			continue
		}
		if err := ring.RemoveKey(old); err != nil {
			return err
		}
	}
	return nil
}
