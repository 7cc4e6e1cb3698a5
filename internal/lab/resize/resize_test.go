package resize

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// EnvLong set to 1 runs the experiment in seconds instead of 25 ms each, and
// writes its result to the files of README.md.
const EnvLong = "PROXENOS_RESIZE"

// The experiment, in ticks: seconds of the long run. Each client reads every key
// once in 20 ticks on average.
const (
	ticks   = 120
	resized = 10 // the tick in which the fleet grows
	ramp    = 90 // the duration of a slow start
	before  = 6
	after   = 8

	longKeys = 20000
)

type (
	set  = *rendezvous.Set[mapper.Node]
	view = *mapper.View[set]
)

// TestResize grows a fleet of memcached servers under a steady load of reads, and
// shrinks it again at once for the abort of a migration.
func TestResize(t *testing.T) {
	tick, keys := 25*time.Millisecond, 800
	long := os.Getenv(EnvLong) == "1"
	if long {
		tick, keys = time.Second, longKeys
	}
	fleet := startFleet(t, after)
	source := &registry{}
	source.feed.Set(mapper.Update{Nodes: fleet[:before]})
	slow := &mapper.SlowStart{Source: source, Over: ramp * tick}
	keep := mapper.FollowConfig[set]{KeepPrevious: time.Hour, KeepValues: 64} // longer than the experiment
	clients := []*client{
		newClient(t, "all at once", follow(t, source, mapper.FollowConfig[set]{}), false),
		newClient(t, "slow start", follow(t, slow, mapper.FollowConfig[set]{}), false),
		newClient(t, "slow start, and reads of previous owners", follow(t, slow, keep), true),
		newClient(t, "reads of previous owners", follow(t, source, keep), true),
	}
	for _, c := range clients {
		c.warmUp(keys)
	}
	grown := mapper.Clone(fleet)
	begin := time.Now()
	for second := range ticks {
		if second == resized {
			now := time.Now().UTC().Format(time.RFC3339Nano)
			for i := before; i < after; i++ {
				grown[i].Meta = map[string]string{mapper.MetaStartAt: now}
			}
			source.feed.Set(mapper.Update{Nodes: mapper.Clone(grown)})
		}
		for _, c := range clients {
			c.readSome(keys / 20)
		}
		time.Sleep(time.Until(begin.Add(time.Duration(second+1) * tick)))
	}
	for _, c := range clients {
		t.Logf("%-42s least %.3f, reads of the database %d", c.name, c.least(), c.database)
		require.InDelta(t, 1, slices.Min(c.rates[:resized]), 0, "%s: all keys are cached at first", c.name)
	}
	atOnce, slowly := clients[0], clients[1]
	require.Less(t, atOnce.least(), 0.85, "a quarter of the keys moves to empty servers")
	require.Greater(t, slowly.least(), atOnce.least(), "the slow start spreads the misses")
	for _, c := range clients[2:] {
		require.Zero(t, c.database, "%s: every key is read from where it was", c.name)
	}
	if long {
		write(t, clients)
	}
	testAbort(t, source, fleet, clients[0], clients[3])
}

// testAbort takes the change back. Keys that were first read since then are only
// on the servers that own them now.
func testAbort(t *testing.T, source *registry, fleet []mapper.Node, without, with *client) {
	t.Helper()
	for _, c := range []*client{without, with} {
		for i := range 200 {
			c.read(fmt.Sprintf("new-%d", i))
		}
		c.database = 0
	}
	changed := []<-chan struct{}{without.view.Changed(), with.view.Changed()}
	source.feed.Set(mapper.Update{Nodes: fleet[:before]})
	for _, c := range changed {
		<-c
	}
	for _, c := range []*client{without, with} {
		for i := range 200 {
			c.read(fmt.Sprintf("new-%d", i))
		}
	}
	require.Greater(t, without.database, 20, "keys of the servers that left are cold")
	require.Zero(t, with.database, "and are read from there until the window closes")
}

func startFleet(t *testing.T, n int) (nodes []mapper.Node) {
	t.Helper()
	for i := range n {
		m := servertest.StartMemcached(t)
		nodes = append(nodes, mapper.Node{Name: fmt.Sprintf("cache-%d", i+1), Addr: m.Addr})
	}
	return nodes
}

// registry is a source that the test publishes to.
type registry struct{ feed mapper.Feed }

func (r *registry) Nodes(context.Context) ([]mapper.Node, error) {
	u, _ := r.feed.Latest()
	return u.Nodes, nil
}

func (r *registry) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return r.feed.Watch(ctx)
}

func follow(t *testing.T, m mapper.Mapper, cfg mapper.FollowConfig[set]) view {
	t.Helper()
	v, err := mapper.FollowWith(t.Context(), m, rendezvous.Build, cfg)
	require.NoError(t, err)
	t.Cleanup(v.Close)
	return v
}

// client reads keys from the fleet, and from a database what the fleet does not
// have. Clients have keys of their own, so that they share the servers.
type client struct {
	t        *testing.T
	name     string
	view     view
	previous bool // it reads previous owners
	conns    map[string]*conn
	keys     *rand.Rand // the same for all clients
	all      int        // the number of keys
	database int        // reads of the database
	rates    []float64  // of each tick
}

func newClient(t *testing.T, name string, v view, previous bool) *client {
	t.Helper()
	c := &client{t: t, name: name, view: v, previous: previous, conns: map[string]*conn{}, keys: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // a sample
	t.Cleanup(func() {
		for _, conn := range c.conns {
			_ = conn.Close()
		}
	})
	return c
}

// conn is a connection to a server.
type conn struct {
	net.Conn
	in *bufio.Reader
}

func (c *client) server(n mapper.Node) *conn {
	if c.conns[n.Addr] == nil {
		nc, err := net.Dial("tcp", n.Addr)
		require.NoError(c.t, err)
		c.conns[n.Addr] = &conn{nc, bufio.NewReader(nc)}
	}
	return c.conns[n.Addr]
}

func (c *client) warmUp(keys int) {
	c.all = keys
	for i := range keys {
		c.read(strconv.Itoa(i))
	}
	c.database = 0
}

func (c *client) readSome(n int) {
	misses := c.database
	for range n {
		c.read(strconv.Itoa(c.keys.IntN(c.all)))
	}
	c.rates = append(c.rates, 1-float64(c.database-misses)/float64(n))
}

// least is the least hit rate of five ticks in a row.
func (c *client) least() float64 {
	least := 1.0
	for five := range slices.Chunk(c.rates, 5) {
		sum := 0.0
		for _, rate := range five {
			sum += rate
		}
		least = min(least, sum/float64(len(five)))
	}
	return least
}

func (c *client) read(key string) {
	key = strings.ReplaceAll(c.name, " ", "-") + ":" + key
	var found bool
	var err error
	owner, _ := c.view.Value().Select(key)
	if c.previous {
		_, found, err = mapper.ReadThrough(c.t.Context(), c.view, key, c.get, c.add)
	} else {
		_, found, err = c.get(c.t.Context(), owner, key)
	}
	require.NoError(c.t, err)
	if !found {
		c.database++
		require.NoError(c.t, c.add(c.t.Context(), owner, key, "data of "+key))
	}
}

// get is the command get of memcached.
func (c *client) get(_ context.Context, n mapper.Node, key string) (data string, found bool, err error) {
	s := c.server(n)
	if _, err := fmt.Fprintf(s, "get %s\r\n", key); err != nil {
		return "", false, err
	}
	for {
		line, err := s.in.ReadString('\n')
		switch {
		case err != nil:
			return "", false, err
		case line == "END\r\n":
			return data, found, nil
		}
		var size int
		if _, err := fmt.Sscanf(line, "VALUE "+key+" 0 %d\r\n", &size); err != nil {
			return "", false, fmt.Errorf("%s answers %q", n.Name, line)
		}
		value := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(s.in, value); err != nil {
			return "", false, err
		}
		data, found = string(value[:size]), true
	}
}

// add is the command add of memcached, which leaves data that is there.
func (c *client) add(_ context.Context, n mapper.Node, key, data string) error {
	s := c.server(n)
	if _, err := fmt.Fprintf(s, "add %s 0 0 %d\r\n%s\r\n", key, len(data), data); err != nil {
		return err
	}
	line, err := s.in.ReadString('\n')
	if err == nil && line != "STORED\r\n" && line != "NOT_STORED\r\n" {
		err = fmt.Errorf("%s answers %q", n.Name, line)
	}
	return err
}

const (
	resultFile  = "hitrate.csv"
	pictureFile = "hitrate.svg"
	pageFile    = "README.md"
)

// write writes the result and its picture.
func write(t *testing.T, clients []*client) {
	t.Helper()
	head := []string{"second"}
	for _, c := range clients {
		head = append(head, c.name)
	}
	rows := [][]string{head}
	for second := range ticks {
		row := []string{strconv.Itoa(second)}
		for _, c := range clients {
			row = append(row, strconv.FormatFloat(c.rates[second], 'f', 4, 64))
		}
		rows = append(rows, row)
	}
	f, err := os.Create(resultFile)
	require.NoError(t, err)
	require.NoError(t, csv.NewWriter(f).WriteAll(rows))
	require.NoError(t, f.Close())
	publish(t)
}

// publish writes what README.md shows of the result.
func publish(t *testing.T) {
	t.Helper()
	result := readResult(t)
	require.NoError(t, os.WriteFile(pictureFile, []byte(Chart(result, resized)), 0o644)) //nolint:gosec // public
	page, err := os.ReadFile(pageFile)
	require.NoError(t, err)
	table := regexp.MustCompile(`(?m)(^\|.*\n)+`)
	page = table.ReplaceAllLiteral(page, []byte(Table(result, resized, longKeys/20)))
	require.NoError(t, os.WriteFile(pageFile, page, 0o644)) //nolint:gosec // public
}

func readResult(t *testing.T) (curves []Curve) {
	t.Helper()
	f, err := os.Open(resultFile)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, ticks+1)
	for i, name := range rows[0][1:] {
		c := Curve{Name: name}
		for _, row := range rows[1:] {
			rate, err := strconv.ParseFloat(row[i+1], 64)
			require.NoError(t, err)
			c.Rates = append(c.Rates, rate)
		}
		curves = append(curves, c)
	}
	return curves
}

// TestResultIsPublished holds README.md and its picture against the result.
func TestResultIsPublished(t *testing.T) {
	t.Parallel()
	result := readResult(t)
	picture, err := os.ReadFile(pictureFile)
	require.NoError(t, err)
	require.Equal(t, Chart(result, resized), string(picture))
	page, err := os.ReadFile(pageFile)
	require.NoError(t, err)
	require.Contains(t, string(page), Table(result, resized, longKeys/20))
}

func TestMain(m *testing.M) { leaktest.Main(m) }
