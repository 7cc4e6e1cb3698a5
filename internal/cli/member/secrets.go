package member

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/secret"
	"github.com/proxenos/proxenos/mapper/swim"
)

// Limits of the files that flags and variables name.
const (
	maxSecretFile = secret.MaxFile
	MaxMetaFile   = 2 << 20 // enough for the metadata of a member
)

// secrets returns the secrets from --secret-file, SWIM_SECRET_FILE or SWIM_SECRET,
// in that order of precedence, or nil if none is set.
func (o *Flags) secrets(ctx context.Context, std *term.Streams) ([]swim.Secret, error) {
	var raw []byte
	path := o.secretFile
	switch variable := std.Getenv(envSecret + "_FILE"); {
	case path != "":
	case variable != "":
		path = variable
	}
	switch {
	case path != "":
		var err error
		raw, err = ReadFile(ctx, path, maxSecretFile)
		if err == nil {
			warnReadable(std, path)
			break
		}
		if o.secretFile != "" || std.Getenv(envSecret) == "" {
			return nil, term.Hint(err, "--secret-file or %s names this file", envSecret+"_FILE")
		}
		fallthrough // as swim-protocol does
	default:
		raw = []byte(std.Getenv(envSecret))
		if len(raw) == 0 {
			return nil, nil
		}
	}
	secrets, err := swim.ParseSecrets(raw)
	if err != nil {
		return nil, term.Hint(err, "create a secret with: openssl rand -hex 16")
	}
	return secrets, nil
}

// RotateSecrets reads the secrets again and applies them to the cluster. It warns
// if that fails.
func (o *Flags) RotateSecrets(ctx context.Context, std *term.Streams, cluster *swim.Cluster) {
	secrets, err := o.secrets(ctx, std)
	if err == nil && len(secrets) > 0 {
		err = cluster.SetSecrets(secrets...)
	}
	if err != nil {
		std.Warn("keeping the present secrets: %v", err)
	}
}

// warnReadable warns if other users may read the file with the secret.
func warnReadable(std *term.Streams, path string) {
	if secret.Exposed(expandHome(path)) {
		std.Warn("other users may read %s; chmod 600 prevents that", path)
	}
}

// variable returns a variable of swim-protocol. The _FILE form takes precedence
// unless its file cannot be read.
func variable(ctx context.Context, std *term.Streams, name string) string {
	if path := std.Getenv(name + "_FILE"); path != "" {
		if raw, err := ReadFile(ctx, path, maxSecretFile); err == nil {
			return string(raw)
		}
	}
	return std.Getenv(name)
}

// ReadFile reads a file of at most limit bytes and trims the final line end. It
// also reads pipes, such as <(pass show gossip), with a timeout and until ctx ends.
func ReadFile(ctx context.Context, path string, limit int) ([]byte, error) {
	raw, err := secret.ReadFile(ctx, expandHome(path), limit)
	return bytes.TrimRight(raw, "\r\n"), err
}

func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}
