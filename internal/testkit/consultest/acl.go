package consultest

import (
	"crypto/rand"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"
)

// Grant makes a token with the given rules, as Consul's ACL language writes
// them:
//
//	token := s.Grant(`service_prefix "" { policy = "read" }`)
func (s *Server) Grant(rules string) (token string) {
	s.tb.Helper()
	policy, _, err := s.client.ACL().PolicyCreate(&api.ACLPolicy{Name: "p" + rand.Text(), Rules: rules}, nil)
	require.NoError(s.tb, err)
	made, _, err := s.client.ACL().TokenCreate(&api.ACLToken{
		Policies: []*api.ACLTokenPolicyLink{{ID: policy.ID}},
	}, nil)
	require.NoError(s.tb, err)
	return made.SecretID
}

// Revoke deletes a token that Grant made.
func (s *Server) Revoke(token string) {
	s.tb.Helper()
	self, _, err := s.client.ACL().TokenReadSelf(&api.QueryOptions{Token: token})
	require.NoError(s.tb, err)
	_, err = s.client.ACL().TokenDelete(self.AccessorID, nil)
	require.NoError(s.tb, err)
}
