package cli

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// hashOptions say by which function keys are hashed, and with which key.
type hashOptions struct {
	name       string // --hash-method, or nothing
	requireKey bool
	method     prf.Method
	environment
}

// declare declares the flags of the options.
func (o *hashOptions) declare(fs *pflag.FlagSet) {
	fs.StringVarP(&o.name, "hash-method", "H", "", "the hash of keys, in any case (default siphash, or PROXENOS_PRF)")
	fs.BoolVar(&o.requireKey, "require-key", false, "refuse to hash without a secret SipHash key; see proxenos help environment")
}

// parse reads the environment and chooses the method: the flag's, or else the
// environment's, or else siphash.
func (o *hashOptions) parse(std *streams) (err error) {
	if o.environment, err = readEnvironment(std); err != nil {
		return err
	}
	if o.environment.method != "" {
		if o.method, err = parseMethod(envPRF, o.environment.method); err != nil {
			return err
		}
	}
	if o.name != "" {
		if o.method, err = parseMethod("hash method", o.name); err != nil {
			return err
		}
	}
	if o.requireKey && (o.method != prf.SipHash || !o.secret) {
		return withHint(usagef("--require-key: keys are hashed by %v without a secret key", o.method), "use siphash and set %s; make a key with: openssl rand -hex 16", envSipHashFile)
	}
	return nil
}

const fipsHint = "choose rendezvous, table or ring, by siphash or sha256"

// parseMethod returns the method that was named in a flag or a variable.
func parseMethod(what, name string) (prf.Method, error) {
	m, err := prf.Parse(name)
	switch {
	case errors.Is(err, prf.ErrFIPS):
		return m, withHint(&usageError{err}, fipsHint)
	case err != nil:
		return m, unknownChoice(what, name, prf.Names())
	default:
		return m, nil
	}
}
