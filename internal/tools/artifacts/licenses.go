package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// program is what a release packs. The store is an example application, and the
// servers of the tests are built for tests only: neither is packed.
const program = "./cmd/proxenos"

// platforms are those of the release; .goreleaser.yaml has the same.
var platforms = []string{
	"darwin/amd64", "darwin/arm64", "freebsd/amd64", "freebsd/arm64",
	"linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64",
}

// linkedModule is a module that the program links on some platform.
type linkedModule struct {
	Path    string
	Version string
	Dir     string
}

// linkedModules returns the modules that a package links on any of the platforms,
// sorted, and the standard library as module "std". The main module is left out.
func linkedModules(root, pkg string, platforms []string) ([]linkedModule, error) {
	found := map[string]linkedModule{}
	for _, platform := range platforms {
		goos, goarch, _ := strings.Cut(platform, "/")
		cmd := exec.Command("go", "list", "-deps", "-json=Module", pkg)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", platform, withStderr(err))
		}
		if err := addModules(found, out); err != nil {
			return nil, err
		}
	}
	goroot, err := goEnv("GOROOT")
	if err != nil {
		return nil, err
	}
	version, err := goEnv("GOVERSION")
	if err != nil {
		return nil, err
	}
	found["std"] = linkedModule{Path: "std", Version: version, Dir: goroot}
	return slices.SortedFunc(maps.Values(found), func(a, b linkedModule) int { return cmp.Compare(a.Path, b.Path) }), nil
}

// addModules reads the output of go list -json=Module.
func addModules(found map[string]linkedModule, list []byte) error {
	for dec := json.NewDecoder(bytes.NewReader(list)); ; {
		var p struct {
			Module *struct {
				linkedModule
				Main bool
			}
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if p.Module != nil && !p.Module.Main {
			found[p.Module.Path] = p.Module.linkedModule
		}
	}
}

func goEnv(name string) (string, error) {
	out, err := exec.Command("go", "env", name).Output()
	return strings.TrimSpace(string(out)), withStderr(err)
}

func withStderr(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}

// legalFile matches the names of files that must go with a copy of a program.
var legalFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-.].*)?$`)

// legalFiles returns the files of a module that state its license, the license
// itself first.
func legalFiles(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && legalFile.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
			names = append(names, e.Name())
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return names, nil
}

func rank(name string) int {
	if lower := strings.ToLower(name); strings.HasPrefix(lower, "licen") || strings.HasPrefix(lower, "copying") {
		return 0
	}
	return 1
}

// signatures are sentences that occur in one license only, with single spaces.
// The first that a text contains names its license, so a longer license stands
// before one whose sentences it repeats.
var signatures = []struct{ id, sentence string }{
	{"BUSL-1.1", "Business Source License"},
	{"AGPL-3.0", "GNU AFFERO GENERAL PUBLIC LICENSE"},
	{"GPL or LGPL", "GENERAL PUBLIC LICENSE Version"},
	{"MPL-2.0", "Mozilla Public License, version 2.0"},
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"Apache-2.0", "Apache License Version 2.0, January 2004"},
	{"BSD-3-Clause", "may be used to endorse or promote products derived from this software without specific prior written permission"},
	{"BSD-2-Clause", "Redistributions in binary form must reproduce the above copyright notice"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
	{"ISC", "Permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files"},
	{"CC0-1.0", "CC0 1.0 Universal"},
	{"Unlicense", "This is free and unencumbered software released into the public domain"},
}

// licenseOf names the license of a text, or "" if it is unknown.
func licenseOf(text []byte) string {
	plain := strings.Join(strings.Fields(strings.ReplaceAll(string(text), "*", " ")), " ")
	for _, s := range signatures {
		if strings.Contains(plain, s.sentence) {
			return s.id
		}
	}
	return ""
}

// packable lists the licenses under which a binary may be given away with its
// license text, and, for MPL-2.0, word of where the source is.
var packable = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MPL-2.0", "Unlicense"}

// writeLicenses copies the license files of all modules to dir/licenses, and
// writes dir/NOTICE. It fails for a module whose license is unknown, or is not
// one of packable.
func writeLicenses(dir string, linked []linkedModule) error {
	licenses := map[string]string{}
	for _, m := range linked {
		names, err := legalFiles(m.Dir)
		if err != nil {
			return err
		}
		for i, name := range names {
			text, err := os.ReadFile(filepath.Join(m.Dir, name))
			if err != nil {
				return err
			}
			if i == 0 {
				licenses[m.Path] = licenseOf(text)
			}
			to := filepath.Join(dir, "licenses", filepath.FromSlash(m.Path), name)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(to, text, 0o644); err != nil {
				return err
			}
		}
		if !slices.Contains(packable, licenses[m.Path]) {
			return fmt.Errorf("%s %s has files %q and license %q, which is not among %v", m.Path, m.Version, names, licenses[m.Path], packable)
		}
	}
	return os.WriteFile(filepath.Join(dir, "NOTICE"), notice(linked, licenses), 0o644)
}

// notice lists the linked modules with their licenses, and says where the source
// of those under MPL-2.0 is, as section 3.2 of that license demands.
func notice(linked []linkedModule, licenses map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString("proxenos\nCopyright (c) The proxenos authors. License: MIT, in LICENSE.\n\n")
	b.WriteString("The program links the following modules on one platform or another. Their\nlicenses are in licenses/; std is the standard library of Go.\n\n")
	for _, m := range linked {
		fmt.Fprintf(&b, "%-14s %s %s\n", licenses[m.Path], m.Path, m.Version)
	}
	b.WriteString("\nModules under the Mozilla Public License 2.0 are linked unchanged. The source of\neach is available at no charge, at the tag of a public repository, and by a\ncommand:\n\n")
	for _, m := range linked {
		if licenses[m.Path] == "MPL-2.0" {
			fmt.Fprintf(&b, "%s\n    go mod download -json %s@%s\n", sourceURL(m), m.Path, m.Version)
		}
	}
	return b.Bytes()
}

// sourceURL returns the page of a module's tag. A module below the top of its
// repository has its directory in the tag.
func sourceURL(m linkedModule) string {
	parts := strings.SplitN(m.Path, "/", 4)
	tag := m.Version
	if len(parts) == 4 && !majorVersion.MatchString(parts[3]) {
		tag = parts[3] + "/" + tag
	}
	return "https://" + strings.Join(parts[:min(len(parts), 3)], "/") + "/tree/" + tag
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)
