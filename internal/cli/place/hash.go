package place

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// HashFlags say by which function keys are hashed, and with which key.
type HashFlags struct {
	Name       string // --hash-method, or nothing
	requireKey bool
	Method     prf.Method
	environment
}

// declare declares the flags of the options.
func (o *HashFlags) declare(fs *pflag.FlagSet) {
	fs.StringVarP(&o.Name, "hash-method", "H", "", "the hash of keys, in any case (default siphash, or PROXENOS_PRF)")
	fs.BoolVar(&o.requireKey, "require-key", false, "refuse to hash without a secret SipHash key; see proxenos help environment")
}

// Parse reads the environment and chooses the method: the flag's, or else the
// environment's, or else siphash.
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
		return term.Hint(term.Usagef("--require-key: keys are hashed by %v without a secret key", o.Method), "use siphash and set %s; make a key with: openssl rand -hex 16", envSipHashFile)
	}
	return nil
}

const fipsHint = "choose rendezvous, table or ring, by siphash or sha256"

// parseMethod returns the method that was named in a flag or a variable.
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
