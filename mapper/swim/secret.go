package swim

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/internal/secret"
)

// Secret is shared by the members of a cluster. It always prints as [redacted].
// The zero value is not a secret.
//
// Every packet and stream is encrypted and authenticated by AES-256-GCM with a
// key that HKDF-SHA256 derives from the secret. That does not harden passwords:
// use 16 random bytes or more.
type Secret struct{ key [sha256.Size]byte }

// NewSecret returns a secret made of 16 bytes or more. Line ends at the end, which
// editors and mounted files add, are not part of it.
func NewSecret(raw []byte) (Secret, error) {
	raw = bytes.TrimRight(raw, "\r\n")
	if err := secret.CheckLength(raw); err != nil {
		return Secret{}, err
	}
	key, err := hkdf.Key(sha256.New, raw, nil, "proxenos swim v1", sha256.Size)
	if err != nil {
		return Secret{}, err
	}
	return Secret{[sha256.Size]byte(key)}, nil
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
	if err := checkSecrets(secrets); err != nil {
		return nil, err
	}
	var keys [][]byte
	for _, s := range secrets {
		keys = append(keys, s.key[:])
	}
	return memberlist.NewKeyring(keys, keys[0])
}

// checkSecrets refuses the zero value, which NewSecret returns with an error: as
// a key it would be known to all.
func checkSecrets(secrets []Secret) error {
	if slices.Contains(secrets, Secret{}) {
		return errors.New("one of the secrets is empty: create each with NewSecret")
	}
	return nil
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
		return errors.New("at least one secret is needed")
	}
	if err := checkSecrets(secrets); err != nil {
		return err
	}
	c.rotating.Lock()
	defer c.rotating.Unlock()
	keep := map[string]bool{}
	for _, s := range secrets {
		keep[string(s.key[:])] = true
		if err := ring.AddKey(s.key[:]); err != nil {
			return err
		}
	}
	if err := ring.UseKey(secrets[0].key[:]); err != nil {
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
