package consultest

import (
	"crypto/rand"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"
)

// Grant creates a token with the given rules in Consul's ACL language:
//
//	token := s.Grant(`service_prefix "" { policy = "read" }`)
func (s *Server) Grant(rules string) (token string) {
	s.tb.Helper()
	policy, _, err := s.client.ACL().PolicyCreate(&api.ACLPolicy{Name: "p" + rand.Text(), Rules: rules}, nil)
	require.NoError(s.tb, err)
	created, _, err := s.client.ACL().TokenCreate(&api.ACLToken{
		Policies: []*api.ACLTokenPolicyLink{{ID: policy.ID}},
	}, nil)
	require.NoError(s.tb, err)
	return created.SecretID
}

// Revoke deletes a token created by Grant.
func (s *Server) Revoke(token string) {
	s.tb.Helper()
	self, _, err := s.client.ACL().TokenReadSelf(&api.QueryOptions{Token: token})
	require.NoError(s.tb, err)
	_, err = s.client.ACL().TokenDelete(self.AccessorID, nil)
	require.NoError(s.tb, err)
}
