#!/bin/sh
# cross.sh - build, vet and test for other systems.
#
#   usage: internal/repo/cross.sh
#
# PLATFORMS.md says what is built for each GOOS/GOARCH: all packages, the library
# alone, where a dependency of a program does not compile, or its core, without
# Consul (go-metrics) and Kubernetes. What is vetted, is with its tests. js runs the
# tests of the pure packages by node. Nothing else is run here: test-arch.sh runs
# the placement tests on 386, arm64 and s390x.
set -eu

cd "$(dirname "$0")/../.."

table=$(sed -n 's/^| \([a-z0-9]*\/[a-z0-9]*\) | \([a-z]*\) | \([a-z-]*\) |.*/\1 \2 \3/p' internal/repo/PLATFORMS.md)
pure='./rendezvous/... ./ring/...'
core="$pure ./mapper ./mapper/static ./mapper/sd ./mapper/httplist ./mapper/dns ./mapper/etcd"
library="$core ./mapper/consul ./mapper/kubernetes"

# js_test runs the tests of the pure packages. Their directories hold testdata, to
# which go_js_wasm_exec gives access.
js_test() {
	command -v node >/dev/null || {
		echo "cross: node is missing: apt-get install nodejs" >&2
		return 1
	}
	GOOS=js GOARCH=wasm go test -short -count=1 -timeout 30m -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" $pure
}

[ -n "$table" ] || { echo "cross: PLATFORMS.md has no table" >&2; exit 1; }
failed=
while read -r target what vetted; do
	case $what in
	all) packages=./... ;;
	library) packages=$library ;;
	core) packages=$core ;;
	*) echo "cross: $target: what is \"$what\"?" >&2; exit 1 ;;
	esac
	start=$(date +%s)
	ok=ok
	# shellcheck disable=SC2086 # lists of packages
	GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 go build $packages || ok=FAIL
	if [ "$vetted" = yes ]; then
		# shellcheck disable=SC2086
		GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 go vet $packages || ok=FAIL
	fi
	[ "$target" != js/wasm ] || js_test || ok=FAIL
	printf '%-16s %-8s vetted: %-4s %-5s %4d s\n' "$target" "$what" "$vetted" "$ok" $(($(date +%s) - start))
	[ $ok = ok ] || failed="$failed $target"
done <<END
$table
END
[ -z "$failed" ] || {
	echo "cross: failed:$failed" >&2
	exit 1
}
