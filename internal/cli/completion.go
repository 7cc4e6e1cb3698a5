package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// shells are the shells with completion scripts.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a completion script for a shell",
		Long:  "Print a script with which a shell completes the commands, flags and values of\nproxenos.",
		Example: `  # bash, in this shell
  source <(proxenos completion bash)

  # zsh, in every new shell
  proxenos completion zsh > "${fpath[1]}/_proxenos"

  # fish, in every new shell
  proxenos completion fish > ~/.config/fish/completions/proxenos.fish`,
		Args:      term.Args("one of bash, zsh, fish and powershell"),
		ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error {
			return term.WithCode(term.ErrIO, writeCompletion(c.Root(), c.OutOrStdout(), args[0]))
		},
	}
}

// needsBashCompletion tells a bash without the functions that the script calls.
const needsBashCompletion = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
    echo 'proxenos: completion needs the package bash-completion: install it, and source it before this script' >&2
fi
`

func writeCompletion(root *cobra.Command, out io.Writer, shell string) error {
	switch shell {
	case "bash":
		if _, err := io.WriteString(out, needsBashCompletion); err != nil {
			return err
		}
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(out)
	default:
		return term.UnknownChoice("shell", shell, shells)
	}
}
