// Artifacts writes what a release packs beside the program: man pages,
// completion scripts, and the licenses of what the program links.
//
//	usage: go run . [-version VERSION] [-date SECONDS] DIR
//
// It writes DIR/man, DIR/completions, DIR/licenses and DIR/NOTICE. The same
// commit gives the same bytes, so that a release can be reproduced.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/proxenos/proxenos/internal/cli"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("artifacts: ")
	version := flag.String("version", "(devel)", "version that the man pages name")
	date := flag.Int64("date", time.Now().Unix(), "date of the man pages, in seconds since 1970")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: artifacts [-version VERSION] [-date SECONDS] DIR")
	}
	if err := write(flag.Arg(0), *version, time.Unix(*date, 0).UTC()); err != nil {
		log.Fatal(err)
	}
}

// write replaces the directory by the artifacts of the module that this program
// is part of.
func write(dir, version string, date time.Time) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := writeManPages(filepath.Join(dir, "man"), version, date); err != nil {
		return err
	}
	if err := writeCompletions(filepath.Join(dir, "completions")); err != nil {
		return err
	}
	linked, err := linkedModules(filepath.Join("..", "..", ".."), program, platforms)
	if err != nil {
		return err
	}
	return writeLicenses(dir, linked)
}

// completions are the names under which the shells look for scripts.
var completions = map[string]string{
	"bash":       "proxenos.bash",
	"zsh":        "_proxenos",
	"fish":       "proxenos.fish",
	"powershell": "proxenos.ps1",
}

func writeCompletions(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for shell, name := range completions {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		root := cli.Root(file)
		root.SetArgs([]string{"completion", shell})
		if err := root.Execute(); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}
