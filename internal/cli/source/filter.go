package source

import (
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// maxPattern bounds a filter's text. Matching takes linear time whatever the
// pattern, and a longer one is a mistake.
const maxPattern = 4 << 10

// Filters keep some of the nodes that a source reports. They mean what
// they meant in the Python original, whose re.match is anchored at the start
// of the text and not at its end.
type Filters struct {
	tags, service, address, exclude pattern
}

func (o *Filters) bind(c *cobra.Command) {
	term.AddGroup(c, "Filters (anchored at the start, in this order)", func(fs *pflag.FlagSet) {
		fs.VarP(&o.tags, "filter-service-tags", "T", "keep nodes of which every tag matches; no tags always pass")
		fs.VarP(&o.service, "filter-service-name", "N", "keep nodes whose service matches (a node without one: its ID)")
		fs.VarP(&o.address, "filter-address", "A", "keep nodes whose address matches")
		fs.Var(&o.exclude, "exclude-address", "drop nodes whose address matches")
	})
}

// Apply returns the nodes that pass all filters, in the order given.
func (o *Filters) Apply(nodes []mapper.Node) []mapper.Node {
	var kept []mapper.Node
	for _, n := range nodes {
		if o.Refuses(n) == "" {
			kept = append(kept, n)
		}
	}
	return kept
}

// Refuses says which filter keeps a node out, or nothing.
func (o *Filters) Refuses(n mapper.Node) string {
	for _, tag := range n.Tags {
		if !o.tags.passes(tag) {
			return fmt.Sprintf("tag %q does not match --filter-service-tags %q", tag, o.tags.typed)
		}
	}
	switch {
	case !o.service.passes(serviceOf(n)):
		return fmt.Sprintf("service %q does not match --filter-service-name %q", serviceOf(n), o.service.typed)
	case !o.address.passes(n.Address()):
		return fmt.Sprintf("address %q does not match --filter-address %q", n.Address(), o.address.typed)
	case o.exclude.matches(n.Address()):
		return fmt.Sprintf("address %q matches --exclude-address %q", n.Address(), o.exclude.typed)
	}
	return ""
}

// pattern is a flag with a regular expression that is anchored at the start.
type pattern struct {
	typed string
	re    *regexp.Regexp
}

// passes reports whether the text matches or there is no pattern.
func (p *pattern) passes(text string) bool { return p.re == nil || p.re.MatchString(text) }

// matches reports whether there is a pattern and the text matches.
func (p *pattern) matches(text string) bool { return p.re != nil && p.re.MatchString(text) }

// String, Set and Type make it a flag.
func (p *pattern) String() string { return p.typed }
func (p *pattern) Type() string   { return "regexp" }
func (p *pattern) Set(typed string) error {
	if len(typed) > maxPattern {
		return fmt.Errorf("the regular expression has %d bytes; at most %d are taken", len(typed), maxPattern)
	}
	// First without the anchor, which would hide an unmatched parenthesis.
	if _, err := regexp.Compile(typed); err != nil {
		return fmt.Errorf("%w (this is RE2: no look-around; --exclude-address drops what matches)", err)
	}
	p.typed, p.re = typed, regexp.MustCompile(`\A(?:`+typed+`)`)
	return nil
}
