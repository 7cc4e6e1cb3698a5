package swim

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"time"
)

// ErrOtherSecret means that the peer of a connection secured by [TLS] has none of the
// secrets.
var ErrOtherSecret = errors.New("the peer has another secret")

// TLS returns a configuration for both ends of a connection of the purpose, which
// admits only peers with one of the secrets. There are no authorities and no names:
// each end presents a certificate whose key pair is derived from its first secret, and
// requires the key of one of its secrets of the other. To rotate, see
// [Cluster.SetSecrets]: the steps are the same. Each purpose has keys of its own.
//
// A handshake with a peer of the same purpose that has other secrets fails with
// [ErrOtherSecret].
func TLS(purpose string, secrets ...Secret) (*tls.Config, error) {
	keys, err := keysFor(purpose+" tls 1", secrets)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errNoSecrets
	}
	var trusted []ed25519.PublicKey
	for _, seed := range keys {
		trusted = append(trusted, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
	}
	own := ed25519.NewKeyFromSeed(keys[0])
	certificate, err := selfSigned(purpose, own)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: own}},
		ClientAuth:         tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // VerifyConnection checks the key: there are no names and no authorities
		VerifyConnection: func(state tls.ConnectionState) error {
			switch peer := state.PeerCertificates[0]; {
			case slices.ContainsFunc(trusted, func(k ed25519.PublicKey) bool { return k.Equal(peer.PublicKey) }):
				return nil
			case peer.Subject.CommonName == purpose:
				return ErrOtherSecret
			default:
				return errors.New("the peer serves another purpose")
			}
		},
	}, nil
}

// selfSigned returns a certificate that does not expire: replacing the secret revokes it.
func selfSigned(name string, key ed25519.PrivateKey) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}
