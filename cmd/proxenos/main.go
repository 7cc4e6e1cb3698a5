// Command proxenos tells which node owns a key.
package main

import (
	"os"

	"github.com/proxenos/proxenos/internal/cli"
)

func main() { os.Exit(cli.Main()) }
