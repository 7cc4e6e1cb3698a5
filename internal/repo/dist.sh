#!/bin/sh
# dist.sh - pack a release into dist/.
#
#   usage: internal/repo/dist.sh [ARGUMENT OF GORELEASER...]
#
# A commit with a tag vX.Y.Z gives that release, any other commit a snapshot.
# Nothing is published. Besides the modules that go.mod files name, nothing is
# fetched. The tools are built once and kept in the user cache, under a name that
# their go.mod gives.
set -eu

cd "$(dirname "$0")/../.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/proxenos
tools=$cache/release-$(git hash-object internal/tools/release/go.mod)
for tool in goreleaser cyclonedx-gomod; do
	[ -x "$tools/$tool" ] && continue
	echo "dist: building $tool, once" >&2
	mkdir -p "$tools"
	cp "$(go -C internal/tools/release tool -n $tool)" "$tools/$tool.$$"
	mv "$tools/$tool.$$" "$tools/$tool"
done

mode=--skip=publish,announce
git describe --exact-match --tags --match 'v[0-9]*' HEAD >/dev/null 2>&1 || mode=--snapshot
PATH=$tools:$PATH exec goreleaser release --clean $mode "$@"
