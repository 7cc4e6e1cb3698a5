package place

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// HashFlags are the flags that select the hash of keys.
type HashFlags struct {
	Name       string // --hash-method, or ""
	requireKey bool
	Method     prf.Method
	environment
}

// declare declares the flags.
func (o *HashFlags) declare(fs *pflag.FlagSet) {
	fs.StringVarP(&o.Name, "hash-method", "H", "", "the hash of keys, case-insensitive (default siphash, or PROXENOS_PRF)")
	fs.BoolVar(&o.requireKey, "require-key", false, "fail without a secret SipHash key; see proxenos help environment")
}

// Parse reads the environment and selects the method: from the flag, or else the
// environment, or else siphash.
func (o *HashFlags) Parse(std *term.Streams) (err error) {
	if o.environment, err = readEnvironment(std); err != nil {
		return err
	}
	if o.environment.method != "" {
		if o.Method, err = parseMethod(envPRF, o.environment.method); err != nil {
			return err
		}
	}
	if o.Name != "" {
		if o.Method, err = parseMethod("hash method", o.Name); err != nil {
			return err
		}
	}
	if o.requireKey && (o.Method != prf.SipHash || !o.secret) {
		return term.Hint(term.Usagef("--require-key: %v hashes keys without a secret key", o.Method), "use siphash and set %s; make a key with: openssl rand -hex 16", envSipHashFile)
	}
	return nil
}

const fipsHint = "choose rendezvous, table or ring, with siphash or sha256"

// HashNames returns the values of --hash-method.
func HashNames() []string { return prf.Names() }

// parseMethod returns the method of that name. Errors call it what.
func parseMethod(what, name string) (prf.Method, error) {
	m, err := prf.Parse(name)
	switch {
	case errors.Is(err, prf.ErrFIPS):
		return m, term.Hint(term.AsUsage(err), fipsHint)
	case err != nil:
		return m, term.UnknownChoice(what, name, prf.Names())
	default:
		return m, nil
	}
}
