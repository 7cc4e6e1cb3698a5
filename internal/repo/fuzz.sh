#!/bin/sh
# fuzz.sh - run every fuzz target of the module.
#
#   usage: internal/repo/fuzz.sh TIME|RUNS     for example 1m or 500x
#
# It finds the targets by name, so none can be forgotten. As many packages are
# compiled, and as many targets run, side by side as there are CPUs. A failure
# leaves its input in the package's testdata/fuzz, to be committed.
set -eu

time=${1:?usage: fuzz.sh TIME|RUNS}
cd "$(dirname "$0")/../.."
cpus=$(getconf _NPROCESSORS_ONLN)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cache=$(go env GOCACHE)/fuzz/proxenos
export time dir cache

targets=$(grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' rendezvous ring mapper cmd internal |
	sed 's|^\(.*\)/[^/]*:func |\1 |' | sort)
[ -n "$targets" ] || { echo "fuzz: no targets found" >&2; exit 1; }

# The flag -fuzz instruments the code for coverage.
echo "$targets" | cut -d' ' -f1 | uniq | xargs -P "$cpus" -I{} sh -c '
	go test -c -fuzz . -o "$dir/$(echo "$1" | tr / .)" "./$1"' sh {}

echo "$targets" | xargs -P "$cpus" -L1 sh -c '
	program=$dir/$(echo "$1" | tr / .) log=$dir/$(echo "$1" | tr / .).$2.log
	cd "$1"
	fuzz() {
		"$program" -test.run "^\$" -test.fuzz "^$2\$" -test.fuzztime "$time" -test.parallel 1 \
			-test.fuzzcachedir "$cache/$1" >"$log" 2>&1
	}
	# Go can report the end of TIME as a failure, which names no input. A number
	# of runs has no end that could be mistaken so.
	fuzz "$@" || { grep -qx " *context deadline exceeded" "$log" && fuzz "$@"; } || {
		cat "$log"
		echo "fuzz: ./$1 $2 failed"
		exit 1
	}
	printf "%-36s %-22s %s\n" "$1" "$2" "$(grep -o "execs: [0-9]*\|new interesting.*" "$log" | tail -2 | tr "\n" " ")"
' sh
