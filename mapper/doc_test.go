package mapper_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failures names the tests behind each row of the table of failures in doc.go,
// by the first words of the row. A test is FOLDER.NAME, or NAME in this package.
var failures = map[string][]string{
	"A Consul agent is killed":                 {"consul.TestOutage", "consul.TestOutageOfAMinute", "consul.TestPauses"},
	"An agent hangs":                           {"consul.TestWatchSuspended", "consul.TestSuspendedAgent"},
	"An agent is cut off from the servers":     {"consul.TestCachedFailureEndsWithAServer", "consul.TestCachedStartsWithoutServers", "TestCachedDoesNotDateWhatAnAgentCacheAnswers"},
	"A token is revoked, unknown or missing":   {"consul.TestWatchRevokedToken", "consul.TestWatchUnknownToken", "consul.TestACL"},
	"A Kubernetes API server is killed":        {"kubernetes.TestOutages", "kubernetes.TestSilentWatchFails", "kubernetes.TestDeadStore", "kubernetes.TestLostState"},
	"An etcd server is killed":                 {"etcd.TestOutages", "etcd.TestFailOver"},
	"Most or all nodes are deregistered":       {"consul.TestMassDeregistration", "consul.TestWatchMassDeregistration", "TestGuardGivesWay"},
	"An agent comes back and knows fewer":      {"consul.TestWatchRestartedEmpty", "consul.TestShrinksLate"},
	"A check flaps 20 times a second":          {"consul.TestFlapping", "TestDebounceFlapThatLeadsBackIsNotReported", "TestDebounceWaitsNoLongerThanMax"},
	"A record cannot be a node":                {"consul.TestUnusableInstances", "dns.TestUnusableRecords", "TestAskKeepsWhatWasSkipped"},
	"A file is truncated, broken, half-":       {"static.TestWatchKeepsTheLastGoodList", "static.TestWatchWaitsForAWriterToFinish", "static.TestWatchWaitsForAWriterThatIsSlow", "static.TestWatchWaitsForTheEndOfALastLine"},
	"A DNS name no longer exists":              {"dns.TestConsulFollowed", "dns.TestErrors", "dns.TestResolveFails"},
	"A DNS answer is truncated":                {"dns.TestCutAnswer", "dns.TestConsulHasMoreThanDNSCarries"},
	"The source fails at the start":            {"TestFollowGivesUpWaiting", "TestCachedWatchStartsInAnOutage", "TestCachedSnapshotExpires"},
	"The source loses all nodes: the snapshot": {"TestCachedKeepsNodesDespiteAnEmptySet", "TestGuardInACachedRemembers"},
}

// TestFailuresAreTested holds the table of failures against reality: every row
// has tests, and every test that the list names exists.
func TestFailuresAreTested(t *testing.T) {
	t.Parallel()
	rows := failureRows(t)
	require.Len(t, rows, len(failures), "rows in doc.go: %q", rows)
	for row, tests := range failures {
		found := 0
		for _, text := range rows {
			if strings.HasPrefix(text, row) {
				found++
			}
		}
		assert.Equal(t, 1, found, "no row begins with %q", row)
		assert.NotEmpty(t, tests, row)
		for _, name := range tests {
			folder, test, ok := strings.Cut(name, ".")
			if !ok {
				folder, test = "", name
			}
			assert.Contains(t, testsIn(t, folder), test, "%s: no such test", row)
		}
	}
}

// failureRows returns the list items of the section in the package comment, each
// on one line.
func failureRows(t *testing.T) (rows []string) {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, section, ok := strings.Cut(string(text), "# When things go wrong")
	require.True(t, ok)
	section, _, ok = strings.Cut(section, "\n//\n// What an operator sees")
	require.True(t, ok)
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "//"))
		if item, ok := strings.CutPrefix(line, "- "); ok {
			rows = append(rows, item)
		} else if len(rows) > 0 {
			rows[len(rows)-1] += " " + line
		}
	}
	return rows
}

// testsIn returns the names of the test functions of the package in a folder.
func testsIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, folder)
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}
