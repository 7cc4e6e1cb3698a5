#!/bin/sh
# tidy.sh - check that modules without a replace line are tidy.
#
#   usage: internal/repo/tidy.sh [-w] DIR...
#
# go mod tidy knows no workspaces, and would ask for the release of the root module
# that go.mod requires. So it works on a copy that replaces the root. Without -w the
# script prints what would change and exits with 1.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
module=github.com/proxenos/proxenos
write=
if [ "${1:-}" = -w ]; then
	write=1
	shift
fi
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export GOWORK=off
status=0
for dir; do
	cp "$root/$dir/go.mod" "$root/$dir/go.sum" "$copy"
	go mod edit -replace="$module=$root" "$copy/go.mod"
	(cd "$root/$dir" && go mod tidy -modfile="$copy/go.mod")
	go mod edit -dropreplace="$module" "$copy/go.mod"
	for file in go.mod go.sum; do
		if [ -n "$write" ]; then
			cp "$copy/$file" "$root/$dir/$file"
		else
			diff -u "$root/$dir/$file" "$copy/$file" || status=1
		fi
	done
done
exit "$status"
