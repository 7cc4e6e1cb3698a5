package agree

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Clients in other languages are asked by a small program in testdata. It reads
// lines of fields that are separated by tabs,
//
//	setup	SETTING
//	server	ADDRESS	WEIGHT
//	key	KEY
//
// and prints a line for each key: the address of its server, or its index.

// askAll runs such a program and returns its answers by set-up and key.
func askAll(t *testing.T, all []setup, setting func(setup) string, cmd *exec.Cmd) map[string]map[string]string {
	t.Helper()
	var in, stderr strings.Builder
	for _, s := range all {
		fmt.Fprintf(&in, "setup\t%s\n", setting(s))
		for _, server := range s.servers {
			fmt.Fprintf(&in, "server\t%s\t%s\n", server.label(), server.weight)
		}
		for _, key := range s.keys() {
			assert.NotContains(t, key, "\t")
			assert.NotContains(t, key, "\n")
			fmt.Fprintf(&in, "key\t%s\n", key)
		}
	}
	cmd.Stdin, cmd.Stderr = strings.NewReader(in.String()), &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", stderr.String())
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	answers := map[string]map[string]string{}
	for _, s := range all {
		answers[s.name()] = map[string]string{}
		for _, key := range s.keys() {
			require.NotEmpty(t, lines, "answers are missing")
			answers[s.name()][key] = string(lines[0])
			lines = lines[1:]
		}
	}
	require.Empty(t, lines, "more answers than keys")
	return answers
}

// compareClient compares the answers of a client with its vectors.
func compareClient(t *testing.T, program string, all []setup, setting func(setup) string, cmd *exec.Cmd) {
	t.Helper()
	answers := askAll(t, all, setting, cmd)
	compare(t, program, all, func(s setup, key string) int {
		if i, err := strconv.Atoi(answers[s.name()][key]); err == nil {
			return i
		}
		return s.index(t, answers[s.name()][key])
	})
}

func TestPHPMemcached(t *testing.T) {
	t.Parallel()
	program := find(t, "php", "php-cli")
	if err := exec.CommandContext(t.Context(), program, "-r", "exit(class_exists('Memcached') ? 0 : 1);").Run(); err != nil {
		missing(t, "PHP has no Memcached: it is in the Debian package php-memcached")
	}
	compareClient(t, "PHP memcached "+version(t, "=", program, "-r", "echo '=', phpversion('memcached');"), setups(t, "PHP memcached"),
		func(s setup) string { return s.file.Header("algorithm") },
		exec.CommandContext(t.Context(), program, "testdata/owners.php"))
}

// TestSpymemcached runs the class of the Debian package; another version gave the
// answers of the vectors.
func TestSpymemcached(t *testing.T) {
	t.Parallel()
	const jar = "/usr/share/java/spymemcached.jar"
	java := find(t, "java", "default-jdk-headless")
	if _, err := os.Stat(jar); err != nil {
		missing(t, "%v: it is in the Debian package libspymemcached-java", err)
	}
	compareClient(t, "spymemcached "+version(t, "=", "dpkg-query", "-W", "-f", "=${Version}", "libspymemcached-java")+" (Debian)", setups(t, "spymemcached"),
		func(s setup) string { return settingOf(t, s, "constructor") },
		exec.CommandContext(t.Context(), java, "-cp", jar, "testdata/Owners.java"))
}

// The versions of the npm packages that gave the answers, and those that they
// require.
var (
	npmHashring  = []string{"hashring@3.2.0", "connection-parse@0.0.7", "simple-lru-cache@0.0.2"}
	npmMemcached = []string{"memcached@2.2.2", "jackpot@0.0.6", "retry@0.6.0", "hashring@3.2.0", "connection-parse@0.0.7", "simple-lru-cache@0.0.2"}
	npmKafkaJS   = []string{"kafkajs@2.2.4"}
)

func TestNPMHashring(t *testing.T)  { compareNPM(t, "hashring", npmHashring) }
func TestNPMMemcached(t *testing.T) { compareNPM(t, "memcached", npmMemcached) }
func TestKafkaJS(t *testing.T)      { compareNPM(t, "kafkajs", npmKafkaJS) }

// compareNPM downloads packages, without running their install scripts, and
// compares the answers of the first.
func compareNPM(t *testing.T, name string, packages []string) {
	t.Helper()
	t.Parallel()
	if testing.Short() {
		t.Skip("npm downloads packages: make agree")
	}
	node, npm := find(t, "node", "nodejs"), find(t, "npm", "npm")
	dir := t.TempDir()
	for _, p := range packages {
		pack := exec.CommandContext(t.Context(), npm, "pack", "--silent", p)
		pack.Dir = dir
		archive, err := pack.Output()
		require.NoError(t, err, "npm pack %s", p)
		base, _, _ := strings.Cut(p, "@")
		target := filepath.Join(dir, "node_modules", base)
		require.NoError(t, os.MkdirAll(target, 0o755))
		tar := exec.CommandContext(t.Context(), "tar", "-xzf", filepath.Join(dir, strings.TrimSpace(string(archive))), "-C", target, "--strip-components=1")
		out, err := tar.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	script, err := os.ReadFile("testdata/owners.js")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "owners.js"), script, 0o600))
	cmd := exec.CommandContext(t.Context(), node, filepath.Join(dir, "owners.js"), name)
	compareClient(t, "npm "+packages[0], setups(t, "npm "+name), func(setup) string { return "" }, cmd)
}
