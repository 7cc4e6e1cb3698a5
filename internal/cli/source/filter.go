package source

import (
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// maxPattern is the maximum length of a filter. Matching takes linear time for
// any pattern, and a longer one is a mistake.
const maxPattern = 4 << 10

// Filters selects some of the nodes that a source reports. Like re.match of the
// Python original, the expressions are anchored at the start of the text but not
// at its end.
type Filters struct {
	tags, service, address, exclude pattern
}

func (o *Filters) bind(c *cobra.Command) {
	term.AddGroup(c, "Filters (anchored at the start, in this order)", func(fs *pflag.FlagSet) {
		fs.VarP(&o.tags, "filter-service-tags", "T", "keep nodes if all their tags match, or if they have no tags")
		fs.VarP(&o.service, "filter-service-name", "N", "keep nodes whose service name matches, or whose ID matches if they have no service")
		fs.VarP(&o.address, "filter-address", "A", "keep nodes whose address matches")
		fs.Var(&o.exclude, "exclude-address", "drop nodes whose address matches")
	})
}

// Apply returns the nodes that pass all filters, in their order.
func (o *Filters) Apply(nodes []mapper.Node) []mapper.Node {
	var kept []mapper.Node
	for _, n := range nodes {
		if o.Refuses(n) == "" {
			kept = append(kept, n)
		}
	}
	return kept
}

// Refuses describes the first filter that drops a node. It returns "" if the node
// passes all filters.
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

// pattern is a flag whose value is a regular expression anchored at the start.
type pattern struct {
	typed string
	re    *regexp.Regexp
}

// passes reports whether the flag is not given or its pattern matches.
func (p *pattern) passes(text string) bool { return p.re == nil || p.re.MatchString(text) }

// matches reports whether the flag is given and its pattern matches.
func (p *pattern) matches(text string) bool { return p.re != nil && p.re.MatchString(text) }

// String, Set and Type implement pflag.Value.
func (p *pattern) String() string { return p.typed }
func (p *pattern) Type() string   { return "regexp" }
func (p *pattern) Set(typed string) error {
	if len(typed) > maxPattern {
		return fmt.Errorf("regular expression of %d bytes exceeds the limit of %d", len(typed), maxPattern)
	}
	// Compile it without the anchor first: the anchor's group would hide an
	// unmatched parenthesis.
	if _, err := regexp.Compile(typed); err != nil {
		return fmt.Errorf("%w (the syntax is RE2, without look-around; --exclude-address drops matching nodes)", err)
	}
	p.typed, p.re = typed, regexp.MustCompile(`\A(?:`+typed+`)`)
	return nil
}
