package rpc

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

	"github.com/proxenos/proxenos/mapper/swim"
)

// ErrOtherSecret means that a node of the store has another secret.
var ErrOtherSecret = errors.New("the node has another secret")

// subject is the name in the certificate of every node and client.
const subject = "proxenos-store"

// TLS returns a configuration for both ends of a connection that admits only
// peers with one of the secrets. It derives the key pair of a certificate from the
// first one, and each end requires the key of one of its secrets of the other.
// Without secrets the key is random, and no peer has it.
func TLS(secrets ...swim.Secret) (*tls.Config, error) {
	var keys []ed25519.PrivateKey
	for _, s := range secrets {
		seed, err := s.Key("proxenos-store tls 1")
		if err != nil {
			return nil, err
		}
		keys = append(keys, ed25519.NewKeyFromSeed(seed))
	}
	if len(keys) == 0 {
		_, random, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		keys = append(keys, random)
	}
	key := keys[0]
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: subject},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // replacing the secret revokes the certificate
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}},
		ClientAuth:         tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // VerifyConnection checks the key: there are no names and no authorities
		VerifyConnection: func(state tls.ConnectionState) error {
			switch peer := state.PeerCertificates[0]; {
			case slices.ContainsFunc(keys, func(k ed25519.PrivateKey) bool { return k.Public().(ed25519.PublicKey).Equal(peer.PublicKey) }):
				return nil
			case peer.Subject.CommonName == subject:
				return ErrOtherSecret
			default:
				return errors.New("no node of the store")
			}
		},
	}, nil
}
