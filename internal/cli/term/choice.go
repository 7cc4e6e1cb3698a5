package term

import "slices"

// Choice is a flag with a fixed set of values.
type Choice struct {
	what   string // as errors name it: "algorithm", "--health"
	values []string
	value  string
}

// Choose returns a flag that accepts one of values, by default the first. Errors
// name the flag what.
func Choose(what string, values ...string) Choice { return Choice{what, values, values[0]} }

// Choices returns the values, for completion.
func (c *Choice) Choices() []string { return c.values }

// String returns the selected value.
func (c *Choice) String() string { return c.value }

// Type returns the name of the value in help.
func (c *Choice) Type() string { return "string" }

// Set selects a value. It accepts the empty string, which the root command
// rejects for every flag.
func (c *Choice) Set(typed string) error {
	if typed != "" && !slices.Contains(c.values, typed) {
		return UnknownChoice(c.what, typed, c.values)
	}
	c.value = typed
	return nil
}
