package term

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ExplainFlagError turns an error of the flag parser into a usage error that
// quotes what was typed and gives a hint.
func ExplainFlagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case c.HasSubCommands() && c.Flags().NArg() > 0:
		return RefuseCommand(c, c.Flags().Args()) // the subcommand is misspelled, so its flags are unknown
	case errors.As(err, &unknown):
		return unknownFlag(c, unknown)
	case errors.As(err, &missing) && missing.GetSpecifiedShortnames() != "" && missing.GetFlag().Name == "host":
		return Hint(Usagef("-h is --host here and needs a value"), "use --help for help")
	case errors.As(err, &invalid) && IsUsage(invalid.Unwrap()):
		return invalid.Unwrap() // a Choice names the flag and its values
	case errors.As(err, &invalid):
		err = fmt.Errorf("--%s %q: %w", invalid.GetFlag().Name, invalid.GetValue(), plainReason(invalid.GetFlag().Value.Type(), invalid.GetValue(), invalid.Unwrap()))
	}
	return Hint(AsUsage(err), "see %s --help", c.CommandPath())
}

// plainReason replaces the reason why a flag of that type refuses a value by what it
// wants. It parses numbers again, since the flag does not tell those that are too large.
func plainReason(kind, typed string, err error) error {
	var want string
	switch kind {
	case "duration":
		return errors.New("must be a duration, such as 500ms, 5s or 2m")
	case "bool":
		return errors.New("must be true or false")
	case "float64":
		want = "must be a number, such as 1.5"
		_, err = strconv.ParseFloat(typed, 64)
	case "int", "int64":
		want = "must be a whole number"
		_, err = strconv.ParseInt(typed, 0, 0)
	default:
		return err
	}
	if errors.Is(err, strconv.ErrRange) {
		return errors.New("the number is too large")
	}
	return errors.New(want)
}

// unknownFlag returns the error for an unknown flag. It lists the flags of the
// command.
func unknownFlag(c *cobra.Command, err *pflag.NotExistError) error {
	var names, flags []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		names, flags = append(names, f.Name), append(flags, "--"+f.Name)
		if f.Shorthand != "" {
			flags[len(flags)-1] = "-" + f.Shorthand + " --" + f.Name
		}
	})
	typed := "-" + err.GetSpecifiedName()
	if err.GetSpecifiedShortnames() == "" {
		typed = "-" + typed
	}
	refusal := withList(Usagef("unknown flag %q for %s", typed, c.CommandPath()), "flags:", flags)
	if hint := habit(c, err.GetSpecifiedName()); hint != "" {
		return Hint(refusal, "%s", hint)
	}
	if near := Nearest(err.GetSpecifiedName(), names); near != "" && len(err.GetSpecifiedName()) > 1 {
		return Hint(refusal, "did you mean --%s?", near)
	}
	return Hint(refusal, "see %s --help", c.CommandPath())
}

// habit returns a hint for a flag that other programs have, or "".
func habit(c *cobra.Command, flag string) string {
	switch {
	case slices.Contains([]string{"v", "V", "version"}, flag):
		return "proxenos --version prints the version"
	case flag == "json" && c.Flags().Lookup("output") != nil:
		return "did you mean -o json?"
	default:
		return ""
	}
}

// Args accepts exactly the named arguments.
func Args(want ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == len(want) {
			return nil
		}
		wanted := "no arguments"
		if len(want) > 0 {
			wanted = strings.Join(want, " ")
		}
		return Hint(Usagef("%s takes %s, got %s", c.CommandPath(), wanted, quoteAll(args)), "see %s --help", c.CommandPath())
	}
}

// quoteAll quotes the arguments, or returns "none".
func quoteAll(args []string) string {
	if len(args) == 0 {
		return "none"
	}
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	return strings.Join(quoted, " ")
}
