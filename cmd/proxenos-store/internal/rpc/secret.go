package rpc

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"time"
)

// TLS returns a configuration for both ends of a connection that admits only
// peers with the same secret. It derives the key pair of a certificate from the
// secret, and each end requires that key of the other. The secret is at least 16
// random bytes, not a password.
func TLS(secret []byte) (*tls.Config, error) {
	if len(secret) < 16 {
		return nil, errors.New("the secret has fewer than 16 bytes; make one with: openssl rand -hex 32")
	}
	seed, err := hkdf.Key(sha256.New, secret, nil, "proxenos-store tls 1", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	key := ed25519.NewKeyFromSeed(seed)
	public := key.Public().(ed25519.PublicKey)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // replacing the secret revokes the certificate
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}},
		ClientAuth:         tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // VerifyConnection checks the key: there are no names and no authorities
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) != 1 || !public.Equal(state.PeerCertificates[0].PublicKey) {
				return errors.New("the peer has a different secret")
			}
			return nil
		},
	}, nil
}
