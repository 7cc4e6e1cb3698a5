package figures

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/ring/rules"
)

// overlapView is what the shards of pairs of tenants share.
type overlapView struct {
	Tenants     int          `json:"tenants"`
	Pairs       []sharedView `json:"pairs"`
	AllButOne   float64      `json:"all_or_all_but_one"`
	Poisoned    float64      `json:"poisoned"`
	WorstTenant string       `json:"worst_tenant,omitempty"`
}

// sharedView counts the pairs that share a number of nodes.
type sharedView struct {
	Shared   int      `json:"shared"`
	Pairs    int64    `json:"pairs"`
	Share    float64  `json:"share"`
	Expected *float64 `json:"expected"` // null if there is no closed form
}

// measure compares the shards of tenants.
func (o *shardsOptions) measure(s *rules.Shards[int]) (*overlapView, error) {
	tenants := sampleTenants(o.tenants)
	if o.tenantsFile != "" {
		var err error
		if tenants, err = o.readTenants(); err != nil {
			return nil, err
		}
	}
	overlap, err := s.Overlap(tenants, o.size)
	if err != nil {
		return nil, term.WithCode(term.ErrNoNodes, err)
	}
	v := &overlapView{Tenants: overlap.Tenants, AllButOne: overlap.Share(o.size) + overlap.Share(o.size-1), Poisoned: overlap.Poisoned()}
	if overlap.Worst > 0 {
		v.WorstTenant = tenants[overlap.WorstTenant]
	}
	expected, known := s.Expected(o.size)
	for k, pairs := range overlap.Pairs {
		shared := sharedView{Shared: k, Pairs: pairs, Share: overlap.Share(k)}
		if known {
			shared.Expected = &expected[k]
		}
		v.Pairs = append(v.Pairs, shared)
	}
	return v, nil
}

// sampleTenants returns the names of n tenants.
func sampleTenants(n int) []string {
	tenants := make([]string, n)
	for i := range tenants {
		tenants[i] = "tenant-" + strconv.Itoa(i)
	}
	return tenants
}

// readTenants reads --tenants-file.
func (o *shardsOptions) readTenants() ([]string, error) {
	in, name := o.std.In, "standard input"
	if o.tenantsFile != "-" {
		f, err := os.Open(o.tenantsFile)
		if err != nil {
			return nil, term.Hint(err, "--tenants-file names a file with one tenant per line")
		}
		defer f.Close() //nolint:errcheck // only read
		in, name = f, o.tenantsFile
	}
	var tenants []string
	seen := map[string]int{}
	for lines := bufio.NewScanner(in); ; {
		if !lines.Scan() {
			if err := lines.Err(); err != nil {
				return nil, term.WithCode(term.ErrIO, fmt.Errorf("%s: line %d: %w", name, len(tenants)+1, err))
			}
			break
		}
		tenant := strings.TrimSuffix(lines.Text(), "\r")
		if line, twice := seen[tenant]; twice {
			return nil, fmt.Errorf("%s: line %d: tenant %q is on line %d too", name, len(tenants)+1, tenant, line)
		}
		tenants = append(tenants, tenant)
		seen[tenant] = len(tenants)
		if len(tenants) > maxTenants {
			return nil, fmt.Errorf("%s: more than %d tenants", name, maxTenants)
		}
	}
	if len(tenants) < 2 {
		return nil, fmt.Errorf("%s: %s: want 2 to compare", name, term.Plural(len(tenants), "tenant"))
	}
	return tenants, nil
}

// check returns an error if a gate fails.
func (o *shardsOptions) check(v *overlapView) error {
	var g gateResult
	g.overlap(v, o.maxPoisoned.Limit(), o.maxAllButOne.Limit())
	return g.result()
}

// overlap fails if tenants share more than the limits, of which nil is none.
func (v *gateResult) overlap(o *overlapView, poisoned, allButOne *float64) {
	if poisoned != nil && o.Poisoned > *poisoned {
		v.failf("%q shares all nodes of its shard with %s of the other tenants; the limit is %s", o.WorstTenant, term.Percent(o.Poisoned), term.Percent(*poisoned))
	}
	if allButOne != nil && o.AllButOne > *allButOne {
		v.failf("%s of the pairs of tenants share all nodes of their shards, or all but one; the limit is %s", term.Percent(o.AllButOne), term.Percent(*allButOne))
	}
}

func writeOverlapText(w io.Writer, v *overlapView) error {
	rows := [][]string{{"SHARED", "PAIRS", "SHARE", "CLOSED FORM"}}
	for _, s := range v.Pairs {
		expected := "-"
		if s.Expected != nil {
			expected = fmt.Sprintf("%.4f%%", 100**s.Expected)
		}
		rows = append(rows, []string{strconv.Itoa(s.Shared), strconv.FormatInt(s.Pairs, 10), fmt.Sprintf("%.4f%%", 100*s.Share), expected})
	}
	if err := term.WriteTable(w, rows); err != nil {
		return err
	}
	worst := ""
	if v.WorstTenant != "" {
		worst = fmt.Sprintf(" (by %q)", v.WorstTenant)
	}
	_, err := fmt.Fprintf(w, "\ntenants             %d\nall or all but one  %.4f%% of the pairs\npoisoned at most    %s of the other tenants%s\n",
		v.Tenants, 100*v.AllButOne, term.Percent(v.Poisoned), worst)
	return err
}
