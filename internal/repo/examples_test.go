package repo

import (
	"go/ast"
	"go/doc"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withoutExample lists the exported functions without an example, each with the
// reason.
var withoutExample = map[string]string{
	"mapper/mappertest.Test": "called by tests only; its package comment shows how",

	"mapper/locator.Server.DiscoverEarlier": "as Discover, in proxenos p2p",
	"mapper/locator.NewCaller":              "in the example of Server.Serve",
	"mapper/locator.Caller.Addr":            "returns the argument of NewCaller",
	"mapper/locator.Caller.Close":           "as on any connection",
	"mapper/locator.Caller.Call":            "called by generated code",
	"mapper/locator.Client.Ping":            "in the example of NewClient",
	"mapper/locator.Client.ServiceType":     "in the example of NewClient",
	"mapper/locator.Client.ServiceTypes":    "in the example of NewClient",
	"mapper/locator.Client.Nodes":           "in the example of NewClient",
	"mapper/locator.Client.Nodes2009":       "as Nodes",
	"mapper/locator.Client.Owner":           "in the example of NewClient",
	"mapper/locator.Client.Debug":           "a call of the wire",
	"mapper/locator.Client.Die":             "a call of the wire",
	"mapper/locator.Client.Join":            "a call of the wire that servers make",
	"mapper/locator.Client.Add":             "a call of the wire that servers make",
	"mapper/locator.Client.Remove":          "a call of the wire that servers make",
	"mapper/locator.Abandoned":              "one line in a handler",
	"mapper/locator.Listen":                 "in the example of Server.Serve",
	"mapper/locator.Server.Self":            "in the example of the package",
	"mapper/locator.Server.Nodes":           "as on any mapper.Mapper",
	"mapper/locator.Server.Watch":           "in the example of the package",
	"mapper/locator.Server.Owner":           "in the example of the package",
	"mapper/locator.Server.Client":          "as NewClient",
	"mapper/locator.Server.Unreachable":     "one line in a handler",
	"mapper/locator.ParseLocation":          "as ParsePeer",
	"mapper/locator.Server.Close":           "as on any listener",

	"mapper.Handover.Gained": "in the example of Handover",
	"mapper.Handover.Lost":   "in the example of Handover",

	"mapper/consul.Error.Hint":     "printed after Error",
	"mapper/kubernetes.Error.Hint": "in the example of Source.Nodes",

	"ring.NewBuilder":  "in the examples of Builder",
	"ring.Builder.Len": "as on Ring",
	"ring.Lease.Node":  "in the example of Balancer.Acquire",

	"ring.TwemproxyHashes": "in the example of Twemproxy",
	"ring.HAProxyHashes":   "in the example of HAProxy",
	"ring.KetamaHashes":    "in the example of KetamaHash",

	"ring/slots.Map.Hash":   "in the example of Map.SelectHash",
	"ring/slots.Map.Slots":  "in the example of Map.Slot",
	"ring/slots.Map.Owner":  "in the example of Map.Slot",
	"ring/slots.Map.Len":    "in the example of Map.Without",
	"ring/slots.Map.Node":   "as on ring.Ring",
	"ring/slots.Map.Weight": "in the example of Map.Reweight",

	"ring/slots.Partitions.Slots":  "in the example of Partitions.Slot",
	"ring/slots.Partitions.Owner":  "in the example of Partitions.Slot",
	"ring/slots.Partitions.Load":   "in the example of NewPartitions",
	"ring/slots.Partitions.Len":    "in the example of Partitions.Checksum",
	"ring/slots.Partitions.Weight": "in the example of Partitions.All",

	"ring/slots.Partitions.Hash":        "as on Map",
	"ring/slots.Partitions.SelectHash":  "as on Map",
	"ring/slots.Partitions.SelectBytes": "as on Map",

	"ring/slots.Map.SelectAllBytes":  "as on ring.Ring",
	"ring/slots.Map.SelectAllHashes": "as on ring.Ring",
	"ring/slots.Map.HashAll":         "as on ring.Ring",

	"ring/slots.Partitions.SelectAll":       "as on Map",
	"ring/slots.Partitions.SelectAllBytes":  "as on Map",
	"ring/slots.Partitions.SelectAllHashes": "as on Map",
	"ring/slots.Partitions.Split":           "as on Map",
	"ring/slots.Partitions.HashAll":         "as on Map",

	"ring/rules.Break.String":     "in the example of Levels.Select",
	"ring/rules.Limit.String":     "in the example of NewLevels",
	"ring/rules.Shards.Len":       "in the example of NewShards",
	"ring/rules.Overlap.Share":    "in the example of Shards.Overlap",
	"ring/rules.Overlap.Poisoned": "in the example of Shards.Overlap",

	"rendezvous/prf.Integer.Big": "in the example of Method.Integer",

	"rendezvous.Table.Hash":        "as on Set",
	"rendezvous.Table.SelectHash":  "as on Set",
	"rendezvous.Table.SelectBytes": "as on Set",

	"rendezvous.Table.SelectAll":       "as on Set",
	"rendezvous.Table.SelectAllBytes":  "as on Set",
	"rendezvous.Table.SelectAllHashes": "as on Set",
	"rendezvous.Table.SelectNAll":      "as on Set",
	"rendezvous.Table.Split":           "as on Set",
	"rendezvous.Table.HashAll":         "as on Set",
	"rendezvous.Table.Over":            "as on Set",

	"rendezvous.Table.Node":     "as on Set",
	"rendezvous.Table.Weight":   "as on Set",
	"rendezvous.Table.Owns":     "as on Set",
	"rendezvous.Table.With":     "as on Set",
	"rendezvous.Table.Without":  "as on Set",
	"rendezvous.Table.Reweight": "as on Set",
	"rendezvous.Table.Rank":     "as on Set",
	"rendezvous.Table.Scores":   "as on Set",
	"rendezvous.Table.Len":      "as on Set",
	"rendezvous.Table.All":      "as on Set",
	"rendezvous.Table.Checksum": "as on Set",
}

// handlers lists the methods of a locator server that generated code calls.
var handlers = map[string]bool{
	"Server.Ping": true, "Server.ServiceType": true, "Server.ServiceTypes": true, "Server.Debug": true, "Server.Die": true,
	"Server.Join": true, "Server.Add": true, "Server.Remove": true,
	"Server.GetAll": true, "Server.GetAllWide": true, "Server.GetNode": true, "Server.GetNodeWide": true,
}

// ownExample lists methods that users call through an interface of the standard
// library.
var ownExample = map[string]bool{
	"Close": true, "Error": true, "Unwrap": true, "Is": true, "String": true,
	"MarshalText": true, "UnmarshalText": true, "MarshalJSON": true, "UnmarshalJSON": true, "UnmarshalYAML": true,
	"GoString": true, "LogValue": true,
}

// TestEveryVerbHasAnExample: every exported function and method is shown in use.
// Examples of the pure packages have checked output.
func TestEveryVerbHasAnExample(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, p := range ourPackages(t) {
		if p.Name == "main" || strings.Contains("/"+p.room(), "/internal/") {
			continue
		}
		examples := examplesOf(t, p)
		for _, verb := range verbsOf(t, p) {
			name := p.room() + "." + verb
			if withoutExample[name] != "" || handlers[verb] && p.room() == "mapper/locator" {
				continue
			}
			checked++
			example := examples["Example"+strings.ReplaceAll(verb, ".", "_")]
			if !assert.NotNil(t, example, "%s has no example", name) {
				continue
			}
			if p.room() == "rendezvous" || p.room() == "rendezvous/prf" {
				assert.True(t, example.Output != "" || example.EmptyOutput, "the example of %s has no output and never runs", name)
			}
		}
	}
	assert.Greater(t, checked, 10, "hardly any verbs found")
}

// verbsOf lists exported functions as "New" and methods as "Set.Select".
func verbsOf(t *testing.T, p pkg) (verbs []string) {
	t.Helper()
	for _, name := range p.GoFiles {
		file := parse(t, filepath.Join(p.Dir, name))
		if ast.IsGenerated(file) {
			continue
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Name.IsExported() {
				verbs = append(verbs, verbOf(f)...)
			}
		}
	}
	return verbs
}

// verbOf returns nothing for methods of unexported types.
func verbOf(f *ast.FuncDecl) []string {
	if f.Recv == nil {
		return []string{f.Name.Name}
	}
	owner := receiver(f.Recv.List[0].Type)
	if !token.IsExported(owner) || ownExample[f.Name.Name] {
		return nil
	}
	return []string{owner + "." + f.Name.Name}
}

// receiver strips *Set[N] to Set.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}

// examplesOf finds ExampleX and ExampleX_suffix, the latter under X if X has
// no example of its own.
func examplesOf(t *testing.T, p pkg) map[string]*doc.Example {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(p.Dir, "*_test.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, path := range paths {
		files = append(files, parse(t, path))
	}
	found := map[string]*doc.Example{}
	for _, example := range doc.Examples(files...) {
		found["Example"+example.Name] = example
	}
	for name, example := range found {
		if stem, suffix, ok := cutLast(name, "_"); ok && startsLower(suffix) && found[stem] == nil {
			found[stem] = example
		}
	}
	return found
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func startsLower(s string) bool { return s != "" && strings.ToLower(s[:1]) == s[:1] }
