package grpclb

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	for js, want := range map[string]Config{
		`{}`:   {MissingKey: "fail"},
		`null`: {MissingKey: "fail"},
		`{"header": "User-ID", "bound": 1.25, "missingKey": "random"}`: {Header: "user-id", Bound: 1.25, MissingKey: "random"},
		`{"bound": 1}`: {Bound: 1, MissingKey: "fail"},
	} {
		got, err := parseConfig([]byte(js))
		require.NoError(t, err, js)
		assert.Equal(t, &want, got, js)
	}
}

// TestBadConfigs opens channels with wrong service configs: opening the channel fails
// with the error of the balancer.
func TestBadConfigs(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		`{"heder": "user-id"}`:             `unknown field "heder"; the fields are header, bound and missingKey`,
		`{"header": 1}`:                    `header: got a number; want a string`,
		`{"header": "user id"}`:            `header "user id": a name holds letters, digits, '-', '_' and '.' only`,
		`{"header": ":authority"}`:         `header ":authority": a name holds letters`,
		`{"header": "user-bin"}`:           `header "user-bin": binary headers`,
		`{"header": "grpc-timeout"}`:       `header "grpc-timeout": gRPC reserves`,
		`{"bound": 0.5}`:                   `bound 0.5: must be at least 1, or 0 for no bound; 1.25 is usual`,
		`{"bound": -1}`:                    `bound -1: must be at least 1`,
		`{"bound": "1.25"}`:                `bound: got a string; want a number such as 1.25`,
		`{"bound": 1e999}`:                 `bound: got a number 1e999; want a number such as 1.25`,
		`{"missingKey": "ignore"}`:         `missingKey "ignore": must be "fail" or "random"`,
		`["user-id"]`:                      `got a JSON array; want an object with the fields header, bound and missingKey`,
		`{"header": "a", "HEADERS": "bc"}`: `unknown field "HEADERS"`,
	} {
		_, err := grpc.NewClient("proxenos:///test",
			grpc.WithResolvers(NewResolver("proxenos", new(source))),
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"rendezvous": `+config+`}]}`))
		require.Error(t, err, config)
		assert.Contains(t, err.Error(), `policy "rendezvous": `+want, config)
	}
}

// TestREADME checks that the lines that the README shows are those of the example,
// which runs.
func TestREADME(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, block, found := strings.Cut(string(readme), "```go\nbalancer.Register(grpclb.")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	for line := range strings.Lines("balancer.Register(grpclb." + block) {
		assert.Contains(t, string(example), strings.TrimSpace(line)+"\n")
	}
}
