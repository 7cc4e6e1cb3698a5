package term

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// GroupKey is the annotation of a flag that holds the title of its group.
const GroupKey = "proxenos_group"

// AddGroup declares flags that the help of a command lists under one title. The
// shell completes the values of each [Choice] among them.
func AddGroup(c *cobra.Command, title string, declare func(*pflag.FlagSet)) {
	set := pflag.NewFlagSet(title, pflag.ContinueOnError)
	set.SortFlags = false
	declare(set)
	set.VisitAll(func(f *pflag.Flag) {
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		f.Annotations[GroupKey] = []string{title}
	})
	c.Flags().SortFlags = false
	c.Flags().AddFlagSet(set)
	set.VisitAll(func(f *pflag.Flag) {
		if choice, ok := f.Value.(interface{ Choices() []string }); ok {
			Complete(c, f.Name, choice.Choices())
		}
	})
}

// flagGroups returns the flags of a command by title, in order of declaration.
// Flags without a title come last.
func flagGroups(c *cobra.Command) []*pflag.FlagSet {
	var groups []*pflag.FlagSet
	byTitle := map[string]*pflag.FlagSet{}
	add := func(title string, f *pflag.Flag) {
		if byTitle[title] == nil {
			byTitle[title] = pflag.NewFlagSet(title, pflag.ContinueOnError)
			byTitle[title].SortFlags = false
			groups = append(groups, byTitle[title])
		}
		byTitle[title].AddFlag(f)
	}
	var general []*pflag.Flag
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if title := f.Annotations[GroupKey]; len(title) == 1 {
			add(title[0], f)
			return
		}
		general = append(general, f)
	})
	for _, f := range general {
		if !f.Hidden {
			add("Flags", f)
		}
	}
	return groups
}

// Help prints the description of a command or topic, then its usage. The writer
// of the command remembers errors.
func Help(c *cobra.Command, _ []string) {
	out := c.OutOrStdout()
	width := helpWidth(out)
	fmt.Fprintf(out, "%s\n\n%s", fill(cmp.Or(c.Long, c.Short), width), usage(c, width))
}

// Usage prints the usage of a command: its form, examples, subcommands and flags.
func Usage(c *cobra.Command) error {
	_, err := fmt.Fprint(c.OutOrStdout(), usage(c, helpWidth(c.OutOrStdout())))
	return err
}

// usage returns the usage of a command in lines of that width.
func usage(c *cobra.Command, width int) string {
	var b strings.Builder
	if c.Runnable() {
		fmt.Fprintf(&b, "Usage:\n  %s\n\n", c.UseLine())
	}
	if c.HasExample() {
		fmt.Fprintf(&b, "Examples:\n%s\n", c.Example)
	}
	list := func(title string, wanted func(*cobra.Command) bool) {
		for _, sub := range c.Commands() {
			if !wanted(sub) {
				continue
			}
			if title != "" {
				fmt.Fprintf(&b, "\n%s:\n", title)
				title = ""
			}
			fmt.Fprintf(&b, "  %-14s %s\n", sub.Name(), sub.Short)
		}
	}
	list("Commands", (*cobra.Command).IsAvailableCommand)
	list("Topics (proxenos help TOPIC)", (*cobra.Command).IsAdditionalHelpTopicCommand)
	more := false
	for _, group := range flagGroups(c) {
		if c.IsAdditionalHelpTopicCommand() {
			break
		}
		if folded(group) && !helpAll(c) {
			more = true
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n%s", group.Name(), group.FlagUsagesWrapped(width))
	}
	if more {
		fmt.Fprintf(&b, "\nThe flags of the backends are in proxenos help sources and in --%s.\n", HelpAll)
	}
	return b.String()
}

const (
	// HelpAll is the flag that shows help with all flags.
	HelpAll = "help-all"

	// FoldKey is the annotation of a flag that only --help-all shows. All flags
	// of a group have it, or none.
	FoldKey = "proxenos_fold"
)

// ShowAll prepares a command line that may have --help-all: the flag becomes
// --help, and the help of all commands shows all flags.
func ShowAll(root *cobra.Command, args []string) []string {
	for i, arg := range args {
		switch arg {
		case "--":
			return args
		case "--" + HelpAll:
			root.Annotations = map[string]string{HelpAll: "true"}
			return slices.Concat(args[:i], []string{"--help"}, args[i+1:])
		}
	}
	return args
}

func helpAll(c *cobra.Command) bool { return c.Root().Annotations[HelpAll] != "" }

// folded reports whether the flags of a group are shown by --help-all only.
func folded(group *pflag.FlagSet) (is bool) {
	group.VisitAll(func(f *pflag.Flag) { is = is || f.Annotations[FoldKey] != nil })
	return is
}

// FoldedUsages describes the flags of a command that its help leaves out.
func FoldedUsages(c *cobra.Command) string {
	var b strings.Builder
	for _, group := range flagGroups(c) {
		if folded(group) {
			fmt.Fprintf(&b, "\n%s:\n%s", group.Name(), group.FlagUsagesWrapped(plainWidth))
		}
	}
	return b.String()
}

// Complete registers the values of a flag for shell completion. A value that
// ends in = or : goes on, so no space follows it.
func Complete(c *cobra.Command, flag string, values []string) {
	CompleteFunc(c, flag, func() []string { return values })
}

// CompleteFunc is Complete for values that depend on other flags.
func CompleteFunc(c *cobra.Command, flag string, values func() []string) {
	offer := func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		var matching []string
		directive := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		for _, v := range values() {
			if !strings.HasPrefix(v, typed) {
				continue
			}
			matching = append(matching, v)
			if !strings.HasSuffix(v, "=") && !strings.HasSuffix(v, ":") {
				directive = cobra.ShellCompDirectiveNoFileComp
			}
		}
		if matching == nil {
			directive = cobra.ShellCompDirectiveNoFileComp
		}
		return matching, directive
	}
	if err := c.RegisterFlagCompletionFunc(flag, offer); err != nil {
		panic(err) // undeclared flag: every run panics, so tests find it
	}
}

// UnquoteUsages takes the backticks out of the usages of all flags. They mark
// the names of values in help, but shells show them as they are.
func UnquoteUsages(c *cobra.Command) {
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { _, f.Usage = pflag.UnquoteUsage(f) })
	for _, sub := range c.Commands() {
		UnquoteUsages(sub)
	}
}
