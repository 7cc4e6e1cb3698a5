package repo

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rule lists what the packages of one room may import besides the standard
// library. A pattern ending in "/..." matches everything at and below it.
type rule struct {
	room   string
	may    []string // rooms of this module
	others []string // other modules
	why    string
}

// rules holds the import rules. Imports point down only; a package without a
// rule fails the test.
var rules = []rule{
	{room: "rendezvous", may: pureBelow, others: []string{"golang.org/x/sys"}, why: "pure: it reads CPU features, and reaches other modules' hashes through rendezvous/prf only"},
	{room: "ring", may: append([]string{"ring/internal/keyhash", "ring/rules"}, pureBelow...), why: "pure: it reaches other modules' hashes through rendezvous/prf only"},
	{room: "ring/slots", may: []string{"ring/internal/keyhash", "ring/rules", "rendezvous/prf", "internal/batch", "internal/hashtag", "internal/nodeset"}, why: "pure: it knows no circle"},
	{room: "ring/rules", may: []string{"internal/nodeset"}, why: "pure: it works over any ranking"},
	{room: "ring/internal/keyhash", may: []string{"rendezvous/prf"}, why: "pure: the hashes of other programs, shared by ring and ring/slots"},

	{room: "mapper", may: []string{"internal/atomicfile", "internal/nodelist", "internal/retry"}, why: "standard library and small shared parts only"},
	{room: "mapper/mappertest", may: []string{"mapper"}, others: []string{testify}, why: "imported by tests only"},
	{room: "mapper/static", may: []string{"internal/nonblock", "mapper", "internal/nodelist"}, others: []string{"go.yaml.in/yaml/v3", "github.com/fsnotify/fsnotify"}, why: "one technology: files"},
	{room: "mapper/dns", may: []string{"mapper", "internal/hostport"}, why: "one technology, which the standard library speaks"},
	{room: "mapper/consul", may: []string{"internal/limitread", "mapper", "internal/hostport", "internal/nodelist", "internal/retry"}, others: []string{"github.com/hashicorp/consul/api"}, why: "one technology"},
	{room: "mapper/etcd", may: []string{"internal/limitread", "mapper", "internal/nodelist", "internal/retry", "internal/secret"}, why: "one technology, by plain HTTP"},
	{room: "mapper/httplist", may: []string{"mapper", "internal/secret"}, why: "one technology, which the standard library speaks"},
	{room: "mapper/sd", may: []string{"mapper", "internal/nodelist"}, others: []string{"go.yaml.in/yaml/v3"}, why: "one format"},
	{room: "mapper/kubernetes", may: []string{"internal/limitread", "mapper", "internal/hostport", "internal/nodelist", "internal/retry", "internal/secret"}, others: []string{"go.yaml.in/yaml/v3"}, why: "one technology, by net/http; YAML for kubeconfig files"},
	{room: "mapper/swim", may: []string{"mapper", "mapper/swim/internal/members", "internal/connlimit", "internal/hostport", "internal/nodelist", "internal/retry", "internal/secret"}, others: []string{"github.com/hashicorp/memberlist"}, why: "one technology"},
	{room: "mapper/swim/internal/members", why: "pure: the table of members, without network or clock"},
	{room: "mapper/swim/filesync", may: []string{"internal/nonblock", "internal/childenv", "mapper", "mapper/swim"}, others: []string{"github.com/fsnotify/fsnotify", "golang.org/x/text"}, why: "mirrors the members of the package above it"},
	{room: "mapper/locator/...", may: []string{"mapper", "mapper/locator/...", "internal/connlimit", "internal/hostport", "internal/retry"}, others: []string{"github.com/apache/thrift"}, why: "one technology"},
	{room: "mapper/grpclb", may: []string{"mapper", "ring", "ring/rules"}, others: []string{"google.golang.org/grpc"}, why: "one technology: it bounds loads by ring.Balancer, and knows no other algorithm"},

	{room: "cmd/proxenos", may: []string{"internal/cli"}, why: "one call of package cli"},
	{room: "cmd/proxenos-store/...", may: []string{"ring", "mapper", "mapper/locator/...", "mapper/swim", "cmd/proxenos-store/..."},
		others: []string{"github.com/apache/thrift", "github.com/spf13/cobra", "go.etcd.io/bbolt"}, why: "what any user could have written: exported packages only"},
	{room: "cmd/proxenos-beam", may: []string{"internal/cli/answer", "internal/cli/figures", "internal/cli/term", "internal/compare"}, others: []string{"github.com/apache/beam/sdks/v2", cobra, pflag}, why: "one technology: it counts what the command diff measures"},
	{room: "internal/cli", may: []string{"internal/childenv", "ring", "ring/rules", "mapper", "mapper/sd", "mapper/static", "mapper/locator", "rendezvous/prf", "internal/cli/..."}, others: []string{cobra, pflag}, why: "the root of the command line"},
	{room: "internal/cli/figures", may: []string{"rendezvous", "ring/rules", "mapper", "mapper/static", "internal/checkfile", "internal/compare", "internal/report", "internal/cli/answer", "internal/cli/source", "internal/cli/place", "internal/cli/term"},
		others: []string{cobra, pflag}, why: "commands that measure"},
	{room: "internal/cli/servecmd", may: []string{"mapper", "mapper/static", "internal/compare", "internal/connlimit", "internal/report", "internal/secret", "internal/cli/answer", "internal/cli/figures", "internal/cli/source", "internal/cli/place", "internal/cli/term"},
		others: []string{cobra, pflag, "go.yaml.in/yaml/v3"}, why: "commands that answer over HTTP"},
	{room: "internal/cli/swimcmd", may: []string{"mapper", "mapper/swim", "mapper/swim/filesync", "internal/connlimit", "internal/nodelist", "internal/report", "internal/cli/answer", "internal/cli/member", "internal/cli/place", "internal/cli/term"},
		others: []string{cobra, pflag, "charm.land/bubbletea/v2", "github.com/clipperhouse/displaywidth"}, why: "commands about gossip"},
	{room: "internal/cli/source", may: []string{"mapper", "mapper/static", "mapper/dns", "mapper/consul", "mapper/etcd", "mapper/httplist", "mapper/kubernetes", "mapper/sd", "mapper/swim", "mapper/locator", "internal/cli/member", "internal/cli/place", "internal/cli/term"},
		others: []string{cobra, pflag}, why: "flags in, nodes out"},
	{room: "internal/cli/answer", may: []string{"mapper", "ring/rules", "internal/batch", "internal/compare", "internal/cli/place", "internal/cli/term"}, others: []string{cobra, pflag}, why: "keys in, records out"},
	{room: "internal/cli/member", may: []string{"mapper", "mapper/swim", "internal/report", "internal/secret", "internal/cli/term"}, others: []string{cobra, pflag}, why: "joins a cluster by flags"},
	{room: "internal/cli/place", may: []string{"rendezvous", "ring", "ring/rules", "ring/slots", "internal/layoutfile", "internal/redisslots", "internal/secret", "mapper", "rendezvous/prf", "internal/nodeset", "internal/cli/term"}, others: []string{cobra, pflag}, why: "flags in, placement out"},
	{room: "internal/cli/term", may: []string{"internal/atomicfile"}, others: []string{cobra, pflag, "github.com/clipperhouse/displaywidth", "github.com/mattn/go-isatty", "golang.org/x/sys/unix"}, why: "shared by all commands: no nodes, no keys"},

	{room: "rendezvous/prf", may: []string{"internal/batch", "internal/hashtag"}, others: []string{"github.com/cespare/xxhash/v2", "github.com/dchest/siphash", "github.com/spaolacci/murmur3"}, why: "the only importer of other modules' hashes"},
	{room: "internal/nodeset", may: []string{"rendezvous/prf"}, why: "shared by rendezvous and ring"},
	{room: "internal/batch", others: []string{"golang.org/x/sys"}, why: "arithmetic: it reads CPU features"},
	{room: "internal/mt", why: "arithmetic"},
	{room: "internal/exact", why: "arithmetic"},
	{room: "internal/hashtag", why: "text"},
	{room: "internal/childenv", why: "a small shared part"},
	{room: "internal/atomicfile", may: []string{"internal/nonblock"}, why: "a small shared part"},
	{room: "internal/limitread", why: "a small shared part"},
	{room: "internal/nonblock", why: "a small shared part"},
	{room: "internal/hostport", why: "a small shared part"},
	{room: "internal/nodelist", why: "a small shared part: two formats"},
	{room: "internal/retry", why: "a small shared part"},
	{room: "internal/compare", may: []string{"internal/batch"}, why: "arithmetic"},
	{room: "internal/checkfile", others: []string{"go.yaml.in/yaml/v3"}, why: "one format"},
	{room: "internal/layoutfile", may: []string{"ring"}, others: []string{"go.yaml.in/yaml/v3"}, why: "one format"},
	{room: "internal/redisslots", may: []string{"ring/slots"}, why: "one command of one protocol"},
	{room: "internal/report", others: []string{"golang.org/x/text/width"}, why: "figures in, bytes out"},
	{room: "internal/secret", may: []string{"internal/nonblock"}, why: "shared by programs of all kinds: files with secrets"},
	{room: "internal/connlimit", why: "shared by servers of all kinds: limits on strangers"},
	{room: "internal/lab/resize", why: "an experiment"},
	{room: "internal/lab/swimlab", may: []string{"mapper/swim", "internal/testkit/faultnet"}, others: []string{"github.com/hashicorp/memberlist"}, why: "an experiment"},
	{room: "internal/testkit/vectors", why: "imported by tests only"},
	{room: "internal/testkit/consultest", may: []string{"internal/testkit/servertest"},
		others: []string{"github.com/hashicorp/consul/api", testify}, why: "imported by tests only"},
	{room: "internal/testkit/servertest/...", may: []string{"internal/testkit/servertest/...", "internal/testkit/freeport", "internal/testkit/logbuf"},
		others: []string{"github.com/rogpeppe/go-internal", testify}, why: "imported by tests only"},
	{room: "internal/testkit/faultnet", others: []string{"github.com/hashicorp/memberlist"}, why: "imported by tests only"},
	{room: "internal/testkit/alloctest", why: "imported by tests only"},
	{room: "internal/testkit/bubble", why: "imported by tests only"},
	{room: "internal/testkit/freeport", why: "imported by tests only"},
	{room: "internal/testkit/fifo", why: "imported by tests only"},
	{room: "internal/testkit/pagetest", may: []string{"internal/testkit/bubble"}, others: []string{testify}, why: "imported by tests only"},
	{room: "internal/testkit/pinned", others: []string{testify}, why: "imported by tests only"},
	{room: "internal/testkit/logbuf", why: "imported by tests only"},
	{room: "internal/testkit/shortrun", why: "imported by tests only"},
	{room: "internal/testkit/leaktest", others: []string{"go.uber.org/goleak"}, why: "imported by tests only"},
	{room: "internal/repo", why: "has no code of its own"},
}

const (
	testify = "github.com/stretchr/testify"
	cobra   = "github.com/spf13/cobra"
	pflag   = "github.com/spf13/pflag"
)

var pureBelow = []string{"rendezvous/prf", "internal/batch", "internal/mt", "internal/exact", "internal/hashtag", "internal/nodeset"}

// testOnly lists the rooms that no program may link.
var testOnly = []string{"mapper/mappertest", "internal/testkit/vectors", "internal/testkit/consultest", "internal/testkit/servertest/...", "internal/testkit/alloctest", "internal/testkit/bubble", "internal/testkit/faultnet", "internal/testkit/freeport", "internal/testkit/fifo", "internal/testkit/leaktest", "internal/testkit/logbuf", "internal/testkit/pagetest", "internal/testkit/pinned", "internal/testkit/shortrun", "internal/repo"}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	for _, p := range ourPackages(t) {
		t.Run(p.room(), func(t *testing.T) {
			r, found := ruleFor(p.room())
			require.True(t, found, "no rule says what %s may import", p.ImportPath)
			for _, imported := range p.Imports {
				assert.True(t, r.allows(imported), "%s imports %s, but it is %s", p.ImportPath, imported, r.why)
			}
		})
	}
}

// TestRulesAreNeeded keeps unused permissions for other modules out of the
// table: each would let a dependency in unseen.
func TestRulesAreNeeded(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		var members []pkg
		for _, p := range ourPackages(t) {
			if covers(r.room, p.room()) {
				members = append(members, p)
			}
		}
		for _, other := range r.others {
			used := slices.ContainsFunc(members, func(p pkg) bool {
				return slices.ContainsFunc(p.Imports, func(i string) bool { return covers(other+"/...", i) })
			})
			assert.True(t, used || len(members) == 0, "%s may import %s and does not", r.room, other)
		}
	}
}

// TestPureRoomsLinkAlmostNothing: a program that only looks up owners links the
// standard library, the hashes and what reads CPU features, whatever the CLI needs.
func TestPureRoomsLinkAlmostNothing(t *testing.T) {
	t.Parallel()
	for _, room := range []string{"rendezvous", "ring", "ring/slots", "ring/rules", "mapper"} {
		t.Run(room, func(t *testing.T) {
			linked, err := goList("-deps", "./"+room)
			require.NoError(t, err)
			hashes, _ := ruleFor("rendezvous/prf")
			vectors, _ := ruleFor("internal/batch")
			own, _ := ruleFor(room)
			for _, p := range linked {
				if p.Standard || p.room() != "" {
					continue
				}
				assert.Contains(t, slices.Concat(hashes.others, vectors.others, own.others), p.Module.Path, "%s links %s", room, p.ImportPath)
			}
		})
	}
}

func TestProgramsLinkNoTestHelpers(t *testing.T) {
	t.Parallel()
	programs := 0
	for _, p := range ourPackages(t) {
		if !strings.HasPrefix(p.room(), "cmd/") {
			continue
		}
		programs++
		linked, err := p.deps()
		require.NoError(t, err)
		for _, dep := range linked {
			for _, room := range testOnly {
				assert.False(t, covers(room, dep.room()), "%s links %s", p.ImportPath, dep.ImportPath)
			}
			assert.False(t, covers(testify+"/...", dep.ImportPath), "%s links %s", p.ImportPath, dep.ImportPath)
		}
	}
	assert.Positive(t, programs, "no programs under cmd")
}

func ruleFor(room string) (rule, bool) {
	i := slices.IndexFunc(rules, func(r rule) bool { return covers(r.room, room) })
	if i < 0 {
		return rule{}, false
	}
	return rules[i], true
}

func (r rule) allows(imported string) bool {
	if room := roomOf(imported); room != "" {
		return slices.ContainsFunc(r.may, func(pattern string) bool { return covers(pattern, room) })
	}
	if isStandard(imported) {
		return true
	}
	return slices.ContainsFunc(r.others, func(path string) bool { return covers(path+"/...", imported) })
}

// isStandard reports whether the path is of the standard library: only there
// the first element has no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func covers(pattern, path string) bool {
	stem, below := strings.CutSuffix(pattern, "/...")
	return path == stem || below && strings.HasPrefix(path, stem+"/")
}
