#!/bin/sh
# test-arch.sh - run the tests that pin placement on other CPU architectures.
#
#   usage: internal/repo/test-arch.sh [GOARCH...]      default: 386 arm64 s390x
#
# The tests are cross-compiled and run in the directory of their package. s390x
# is big-endian, 386 has 32-bit words, arm64 fuses multiply and add. A foreign
# architecture needs QEMU user mode (Debian: apt-get install qemu-user).
#
# PACKAGES replaces the list of packages; each must exist and have tests. ARGS
# holds flags of the tests; the default leaves out those that count millions of
# keys, which is statistics, that start programs of this machine, that count
# allocations, or that serve HTTP: none depends on the architecture.
set -eu

packages=${PACKAGES:-internal/batch rendezvous rendezvous/prf ring ring/slots ring/internal/keyhash internal/hashtag internal/exact internal/mt internal/nodeset internal/testkit/vectors}
elsewhere='TestPorts|AgainstLibmemcached|AgainstNginx|Allocate|BalancerTransport|Inline'
cd "$(dirname "$0")/../.."
root=$(pwd)
host=$(go env GOHOSTARCH)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# emulator ARCH prints the command that runs programs of that architecture, or
# nothing if this machine runs them natively.
emulator() {
	case $1 in
	"$host") return ;;
	386) [ "$host" = amd64 ] && return; name=qemu-i386 ;;
	amd64) name=qemu-x86_64 ;;
	arm64) name=qemu-aarch64 ;;
	*) name=qemu-$1 ;;
	esac
	command -v "$name" || command -v "$name-static" || {
		echo "test-arch: $name is missing: apt-get install qemu-user" >&2
		return 1
	}
}

# check ARCH PACKAGE runs the tests of one package.
check() {
	binary=$out/$1-$(echo "$2" | tr / -).test
	CGO_ENABLED=0 GOARCH=$1 go test -c -o "$binary" "./$2" || return 1
	if [ ! -e "$binary" ]; then
		echo "test-arch: $2 has no tests" >&2
		return 1
	fi
	printf '%s\t%s\t' "$1" "$2"
	# $run is empty or a command, ARGS a list of flags.
	# shellcheck disable=SC2086
	(cd "$root/$2" && $run "$binary" ${ARGS:--test.short -test.skip $elsewhere}) >"$binary.log" 2>&1 || {
		echo FAIL
		cat "$binary.log"
		return 1
	}
	tail -n 1 "$binary.log"
	rm "$binary"
}

# check_all ARCH PACKAGE... runs the tests of all packages.
check_all() {
	arch=$1 failed=
	shift
	run=$(emulator "$arch") || return 1
	for package; do
		check "$arch" "$package" || failed="$failed $arch/$package"
	done
	[ -z "$failed" ] || {
		echo "test-arch: failed:$failed" >&2
		return 1
	}
}

# Each emulator uses one core, so they run side by side.
[ $# -gt 0 ] || set -- 386 arm64 s390x
running=
for arch; do
	# shellcheck disable=SC2086
	check_all "$arch" $packages >"$out/$arch" 2>&1 &
	running="$running $arch:$!"
done
failed=
for one in $running; do
	wait "${one#*:}" || failed=1
	cat "$out/${one%%:*}"
done
[ -z "$failed" ]
