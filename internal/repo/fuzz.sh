#!/bin/sh
# fuzz.sh - run every fuzz target of the module.
#
#   usage: internal/repo/fuzz.sh TIME        for example 5s
#
# It finds the targets by name, so none can be forgotten.
set -eu

time=${1:?usage: fuzz.sh TIME}
cd "$(dirname "$0")/../.."

targets=$(grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' rendezvous ring mapper cmd internal |
	sed 's|^\(.*\)/[^/]*:func |./\1 |' | sort)
[ -n "$targets" ] || { echo "fuzz: no targets found" >&2; exit 1; }

echo "$targets" | while read -r package target; do
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
done
