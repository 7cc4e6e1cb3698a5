package term

import "slices"

// Choice is a flag that takes one of a few values.
type Choice struct {
	what   string // in errors: "algorithm", "--health"
	values []string
	value  string
}

// Choose returns a flag that takes one of values. The first is the default.
// Errors call it what.
func Choose(what string, values ...string) Choice { return Choice{what, values, values[0]} }

// Choices returns the values, for completion.
func (c *Choice) Choices() []string { return c.values }

// String returns the chosen value.
func (c *Choice) String() string { return c.value }

// Type names the value in help.
func (c *Choice) Type() string { return "string" }

// Set refuses everything but the values. The empty string passes, as the root
// command refuses that for every flag.
func (c *Choice) Set(typed string) error {
	if typed != "" && !slices.Contains(c.values, typed) {
		return UnknownChoice(c.what, typed, c.values)
	}
	c.value = typed
	return nil
}
