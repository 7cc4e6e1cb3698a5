#!/bin/sh
# timed.sh - make targets one after the other and print the time of each.
#
#   usage: internal/repo/timed.sh TARGET...
#
# It stops at the first target that fails, after printing the times up to it.
set -eu

cd "$(dirname "$0")/../.."
times=$(mktemp)
trap 'rm -f "$times"' EXIT
status=0
start=$(date +%s)
for target; do
	begin=$(date +%s)
	"${MAKE:-make}" --no-print-directory "$target" || status=$?
	printf '  %-12s %4d s\n' "$target" $(($(date +%s) - begin)) >>"$times"
	[ "$status" = 0 ] || break
done
echo
cat "$times"
printf '  %-12s %4d s\n' total $(($(date +%s) - start))
[ "$status" = 0 ] || echo "timed: $target failed" >&2
exit "$status"
