#!/bin/sh
# cross.sh - build, vet and test for other systems.
#
#   usage: internal/repo/cross.sh
#
# The table says what is built for each GOOS/GOARCH: all packages, the programs
# alone, or the library alone, where a dependency of a program (bbolt,
# bubbletea, thrift) does not compile, or its core, without Consul (go-metrics) and
# Kubernetes. What has "vet" is vetted with
# its tests. js runs the tests of the pure packages by node. Nothing else is run
# here: test-arch.sh runs the placement tests on 386, arm64 and s390x.
set -eu

cd "$(dirname "$0")/../.."

table='
windows/amd64   all      vet
windows/arm64   all      -
darwin/amd64    all      -
darwin/arm64    all      vet
freebsd/amd64   all      -
freebsd/arm64   all      -
openbsd/amd64   all      -
linux/386       all      -
linux/arm       all      -
linux/riscv64   all      -
linux/loong64   all      -
linux/ppc64le   all      -
linux/s390x     all      -
js/wasm         library  vet,test
wasip1/wasm     library  -
plan9/amd64     core     -
'
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

failed=
while read -r target what how; do
	[ -n "$target" ] || continue
	case $what in
	all) packages=./... ;;
	library) packages=$library ;;
	core) packages=$core ;;
	esac
	start=$(date +%s)
	ok=ok
	# shellcheck disable=SC2086 # lists of packages
	GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 go build $packages || ok=FAIL
	case $how in
	*vet*) GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 go vet $packages || ok=FAIL ;;
	esac
	case $how in
	*test*) js_test || ok=FAIL ;;
	esac
	printf '%-16s %-8s %-9s %-5s %4d s\n' "$target" "$what" "$how" "$ok" $(($(date +%s) - start))
	[ $ok = ok ] || failed="$failed $target"
done <<END
$table
END
[ -z "$failed" ] || {
	echo "cross: failed:$failed" >&2
	exit 1
}
