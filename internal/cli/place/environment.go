package place

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Environment variables for the hash of keys. The Python original reads the first
// four.
const (
	envPRF         = "PROXENOS_PRF"
	envSeed        = "PROXENOS_MMH_SEED"
	envOptimize    = "PROXENOS_MMH_OPTIMIZE"
	envSipHash     = "PROXENOS_SIPHASH_KEY"
	envSipHashFile = "PROXENOS_SIPHASH_KEY_FILE"
)

// environment holds the settings of the environment for hashing.
type environment struct {
	method string // PROXENOS_PRF, or ""
	prf.Options
	secret bool // the key is set and is not the published one
}

// readEnvironment reads the variables. An empty variable counts as not set. Errors
// name the variable and its valid values; they never contain a key.
func readEnvironment(std *term.Streams) (env environment, err error) {
	env.method = std.Getenv(envPRF)
	if env.Seed, err = parseSeed(std.Getenv(envSeed)); err != nil {
		return env, badVariable(envSeed, err, "a whole number like 42 or 0x2a")
	}
	if env.X86, err = parseOptimize(std.Getenv(envOptimize)); err != nil {
		return env, badVariable(envOptimize, err, "x64, x86 or auto; auto means x64 on every CPU")
	}
	variable := envSipHash
	if path := std.Getenv(envSipHashFile); path != "" {
		variable = envSipHashFile
		env.Key, err = readSipHashKey(path, std)
	} else {
		env.Key, err = parseSipHashKey(std.Getenv(envSipHash))
	}
	env.secret = env.Key != nil && *env.Key != prf.DefaultKey()
	return env, badVariable(variable, err, "32 hexadecimal digits or 16 bytes; make a key with: openssl rand -hex 16")
}

// badVariable returns the usage error for the value of a variable. A nil err stays
// nil.
func badVariable(name string, err error, hint string) error {
	if err == nil {
		return nil
	}
	return term.Hint(term.AsUsage(fmt.Errorf("%s: %w", name, err)), "%s", hint)
}

// parseSeed parses an integer literal of Python or Go. The seed is a C int in the
// original.
func parseSeed(text string) (int32, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 0, 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && (n < math.MinInt32 || n > math.MaxInt32):
		return 0, fmt.Errorf("%q is not between %d and %d", text, math.MinInt32, math.MaxInt32)
	case err != nil:
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return int32(n), nil
}

func parseOptimize(text string) (x86 bool, err error) {
	switch strings.ToLower(text) {
	case "", "auto", "x64":
		return false, nil
	case "x86":
		return true, nil
	default:
		return false, fmt.Errorf("unknown value %q", text)
	}
}

// parseSipHashKey parses a key of 32 hexadecimal digits or of 16 bytes.
func parseSipHashKey(text string) (*[16]byte, error) {
	switch len(text) {
	case 0:
		return nil, nil
	case 16:
		return (*[16]byte)([]byte(text)), nil
	case 32:
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, errors.New("the key has 32 characters, but not all are hexadecimal digits")
		}
		return (*[16]byte)(raw), nil
	default:
		return nil, fmt.Errorf("the key has %s", term.Plural(len(text), "byte"))
	}
}

// readSipHashKey reads a key from a file, without a trailing newline. It reads no
// more than a key can take.
func readSipHashKey(path string, std *term.Streams) (*[16]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		std.Warn("other users can read %s: chmod 600 keeps the key secret", path)
	}
	raw, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil {
		return nil, err
	}
	return parseSipHashFile(raw)
}

// parseSipHashFile parses the content of a file with a key.
func parseSipHashFile(raw []byte) (*[16]byte, error) {
	if len(raw) == 16 {
		return (*[16]byte)(raw), nil
	}
	key, err := parseSipHashKey(strings.TrimRight(string(raw), "\r\n"))
	if err == nil && key == nil {
		err = errors.New("the file is empty")
	}
	return key, err
}
