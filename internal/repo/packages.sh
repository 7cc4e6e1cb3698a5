#!/bin/sh
# packages.sh - install what the tests need besides Go, or say how.
#
#   usage: internal/repo/packages.sh
#
# As root on Debian or Ubuntu it installs missing packages if PROXENOS_INSTALL is
# 1, in CI (CI=true) and in a container; PROXENOS_INSTALL=0 forbids it everywhere.
# Elsewhere it prints the line that installs them, and the tests that fail without
# them, and exits with 0.
set -eu

# needs PROBE PACKAGE TESTS records a package whose probe fails.
missing=
needs() {
	sh -c "$1" >/dev/null 2>&1 && return
	missing="$missing $2"
	printf '  %-18s %s\n' "$2" "$3"
}

report=$(mktemp)
trap 'rm -f "$report"' EXIT
{
	needs 'command -v gcc && echo "#include <stdlib.h>" | gcc -E -' 'gcc libc6-dev' 'make race; ring: TestKetamaAgainstLibmemcached'
	needs 'echo "#include <libmemcached/memcached.h>" | gcc -E -' libmemcached-dev 'ring: TestKetamaAgainstLibmemcached'
	needs 'command -v nginx || test -x /usr/sbin/nginx' nginx-light 'ring: TestNginxAgainstNginx'
	needs 'command -v etcd' etcd-server 'mapper/etcd, mapper/kubernetes, cmd/proxenos: tests against etcd and a Kubernetes API server'
	needs 'command -v memcached || test -x /usr/sbin/memcached' memcached 'internal/lab/resize, mapper/examples: tests against memcached'
	needs 'command -v redis-server || test -x /usr/sbin/redis-server' redis-server 'internal/redisslots, mapper/examples: tests against Redis'
	needs 'command -v thrift' thrift-compiler 'mapper/locator, cmd/proxenos-store: tests of generated code and against Python'
	needs 'python3 -c "import thrift" || /usr/bin/python3 -c "import thrift"' python3-thrift 'mapper/locator, cmd/proxenos-store: tests against Python'
	needs 'command -v python3' python3 'internal/testkit/vectors: TestPorts; internal/repo: TestREADME'
	needs 'command -v node' nodejs 'internal/testkit/vectors: TestPorts; internal/repo: TestREADME'
	needs 'command -v java && java --list-modules | grep jdk.compiler' default-jdk-headless 'internal/testkit/vectors: TestPorts'
	needs 'command -v nutcracker || test -x /usr/sbin/nutcracker' nutcracker 'internal/lab/agree: TestNutcracker'
	needs 'command -v haproxy || test -x /usr/sbin/haproxy' haproxy 'internal/lab/agree: TestHAProxy'
	needs 'command -v varnishd || test -x /usr/sbin/varnishd' varnish 'internal/lab/agree: TestVarnish'
	needs 'command -v redis-server' redis-server 'internal/lab/agree: TestRedisCluster'
	needs 'php -r "exit(class_exists(\"Memcached\") ? 0 : 1);"' 'php-cli php-memcached' 'internal/lab/agree: TestPHPMemcached'
	needs 'test -f /usr/share/java/spymemcached.jar' libspymemcached-java 'internal/lab/agree: TestSpymemcached'
	needs 'command -v chromium || command -v chromium-browser || command -v google-chrome' chromium 'internal/report/browsertest'
	needs 'command -v zsh' zsh 'internal/cli: TestCompletionsParse'
	needs 'command -v fish' fish 'internal/cli: TestCompletionsParse'
	needs 'command -v curl' curl 'cmd/proxenos: TestServeFeedsSelect, scripts of serve; internal/repo: TestREADME'
	needs 'command -v groff' groff-base 'internal/tools/artifacts: TestEveryCommandHasAManPage'
	needs 'command -v qemu-s390x || command -v qemu-s390x-static' qemu-user 'make test-arch'
} >"$report"
[ -n "$missing" ] || exit 0

# may_install succeeds where packages may be installed without asking.
may_install() {
	case ${PROXENOS_INSTALL:-} in
	1) return 0 ;;
	0) return 1 ;;
	esac
	[ "${CI:-}" = true ] || [ -n "${container:-}" ] || [ -e /.dockerenv ] || [ -e /run/.containerenv ]
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && may_install; then
	echo "packages: installing$missing (once; about a minute)"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update
	# shellcheck disable=SC2086 # a list of packages
	apt-get -qq install --yes --no-install-recommends $missing >/dev/null
	exit
fi
{
	echo "packages: missing (Debian names), with the tests that fail without them:"
	cat "$report"
	echo "packages: this line installs them on Debian and Ubuntu:"
	echo
	echo "  sudo apt-get install --no-install-recommends$missing"
	echo
} >&2
