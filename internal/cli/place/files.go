package place

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/layoutfile"
	"github.com/proxenos/proxenos/internal/redisslots"
	"github.com/proxenos/proxenos/internal/secret"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/slots"
)

// redisScheme begins a value of --slots that is the address of a server.
const redisScheme = "redis://"

// maxSlotsFile bounds the size of a file with slots: 16,384 lines of 256 bytes.
const maxSlotsFile = 4 << 20

// fileFlags are the flags that name what an algorithm reads, with the algorithm.
var fileFlags = []struct {
	name, algorithm string
	value           func(*Flags) string
}{
	{"layout-file", "custom", func(o *Flags) string { return o.layoutFile }},
	{"slots", "redis-cluster", func(o *Flags) string { return o.slots }},
}

// declareFiles declares the flags that apply to the algorithms.
func declareFiles(fs *pflag.FlagSet, prefix string, algorithms []string, layout, slots *string) {
	for _, name := range algorithms {
		switch name {
		case "custom":
			fs.StringVar(layout, prefix+"layout-file", "", "YAML `file` with the settings of the algorithm custom")
		case "redis-cluster":
			fs.StringVar(slots, prefix+"slots", "", "slots of redis-cluster: a `file`, or redis://HOST:PORT to query a server")
		}
	}
}

// readFiles reads the files that the algorithm requires, and rejects others.
func (o *Flags) readFiles(std *term.Streams) (err error) {
	a := o.algorithm
	for _, flag := range fileFlags {
		switch given := flag.value(o) != ""; {
		case given && a.file != flag.name:
			return term.Hint(term.Usagef("--%s does not apply to %s", flag.name, a.Name), "it applies to -a %s", flag.algorithm)
		case !given && a.file == flag.name:
			return term.Hint(term.Usagef("-a %s needs --%s", a.Name, flag.name), "see proxenos help layouts")
		}
	}
	switch {
	case o.layoutFile != "":
		o.layout, err = o.readLayout(o.layoutFile)
	case strings.HasPrefix(o.slots, redisScheme):
		o.ranges, err = o.querySlots(o.slots, std)
	case o.slots != "":
		o.ranges, err = o.readSlots(o.slots)
	}
	return err
}

func (o *Flags) readLayout(path string) (ring.Layout, error) {
	text, err := o.readFile(path, "layout-file", layoutfile.MaxSize)
	if err != nil {
		return nil, err
	}
	settings, err := layoutfile.Parse(text)
	if err != nil {
		return nil, term.Hint(term.AsUsage(fmt.Errorf("--layout-file %s: %w", path, err)), "see proxenos help layouts")
	}
	return ring.Custom(settings), nil
}

func (o *Flags) readSlots(path string) ([]slots.Range, error) {
	text, err := o.readFile(path, "slots", maxSlotsFile)
	if err != nil {
		return nil, err
	}
	ranges, err := slots.ParseRanges(string(text))
	if err == nil && len(ranges) == 0 {
		err = errors.New("no slots: want FIRST-LAST NODE or a line of redis-cli cluster nodes")
	}
	if err != nil {
		return nil, term.Hint(term.AsUsage(fmt.Errorf("--slots %s: %w", path, err)), "see proxenos help layouts")
	}
	return ranges, nil
}

// querySlots queries the server of a URL. The user is in the URL, and the password
// in the environment.
func (o *Flags) querySlots(value string, std *term.Streams) ([]slots.Range, error) {
	if o.Confined != nil {
		return nil, term.Hint(term.Usagef("slots %q: a check file queries no server", value), "redis-cli cluster nodes > FILE saves the slots")
	}
	server, err := redisServer(value, std)
	if err != nil {
		return nil, err
	}
	ranges, err := server.Query()
	switch {
	case errors.Is(err, redisslots.ErrAuth):
		return nil, term.Hint(term.WithCode(term.ErrPermission, fmt.Errorf("--slots %s: %w", value, err)), "REDISCLI_AUTH or PROXENOS_REDIS_PASSWORD_FILE gives the password, and redis://USER@HOST:PORT the user")
	case err != nil:
		return nil, term.Hint(term.WithCode(term.ErrUnreachable, fmt.Errorf("--slots %s: %w", value, err)), "redis-cli cluster nodes > FILE and --slots FILE work too")
	}
	return ranges, nil
}

// Environment variables for the password of a Redis server. redis-cli reads the first.
const (
	envRedisPassword     = "REDISCLI_AUTH"
	envRedisPasswordFile = "PROXENOS_REDIS_PASSWORD_FILE"
)

// redisServer returns the server of a URL, with the password of the environment.
// Errors never contain a password.
func redisServer(value string, std *term.Streams) (*redisslots.Server, error) {
	user, address, found := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(value, redisScheme), "/"), "@")
	if !found {
		user, address = "", user
	}
	if strings.Contains(user, ":") {
		return nil, term.Hint(term.Usagef("--slots redis://...@%s: the URL holds a password", address), "set %s or %s instead", envRedisPassword, envRedisPasswordFile)
	}
	password := std.Getenv(envRedisPassword)
	if path := std.Getenv(envRedisPasswordFile); path != "" {
		text, err := secret.ReadFile(context.Background(), path, secret.MaxFile)
		if err != nil {
			return nil, badVariable(envRedisPasswordFile, err, "the name of a file with the password")
		}
		if password = strings.TrimRight(string(text), "\r\n"); password == "" {
			return nil, badVariable(envRedisPasswordFile, fmt.Errorf("file %q is empty", path), "the name of a file with the password")
		}
	}
	if user != "" && password == "" {
		return nil, term.Hint(term.Usagef("--slots %s: a user without a password", value), "set %s or %s", envRedisPassword, envRedisPasswordFile)
	}
	return &redisslots.Server{Address: address, User: user, Password: password}, nil
}

// open opens a file that a flag, or the setting of a check file, names.
func (o *Flags) open(path, flag string) (*os.File, error) {
	if o.Confined != nil {
		return o.Confined(path, strings.ReplaceAll(flag, "-", "_"))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	return f, nil
}

// readFile reads a file of at most limit bytes that a flag names.
func (o *Flags) readFile(path, flag string, limit int64) ([]byte, error) {
	f, err := o.open(path, flag)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w", flag, path, err)
	}
	return text, nil
}

// Nodes returns the nodes that --slots names, for a command without nodes of its
// own, in the order of their first slots.
func (o *Flags) Nodes() (nodes []mapper.Node) {
	seen := map[string]bool{}
	for _, r := range o.ranges {
		if !seen[r.ID] {
			seen[r.ID] = true
			nodes = append(nodes, mapper.Node{Name: r.ID})
		}
	}
	return nodes
}
