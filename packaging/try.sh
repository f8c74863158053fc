#!/bin/sh
# Tries csp-milter on this machine: installs what is missing, builds, and sends sample mail through a private Postfix.
#
# Everything runs on loopback from a folder below /run that is gone at the end. The machine's own mail server is neither
# stopped nor configured, and none is installed.
set -u

usage() {
	cat <<'USAGE'
usage: packaging/try.sh [--keep]

Installs what is missing (Debian, as root), builds csp-milter in build/try, starts it in enforce mode behind a private
Postfix on loopback, sends sample messages that cover the decision table, and prints what became of each: what the
client was told, what arrived, and what the journal says.

  --keep   leave filter and Postfix running; says how to send more, how to plug the filter into your own mail server,
           and how to stop it
  --help   this text

Exit status: 0 every message was treated as expected; 1 one was not; 64 wrong call; 69 something is missing.
USAGE
}

say() { printf 'try: %s\n' "$*" >&2; }

die() {
	status=$1
	shift
	say "$*"
	exit "$status"
}

require_root() {
	[ "$(id -u)" -ne 0 ] || return 0
	sh "$here/packaging/deps.sh" --check try
	die 69 'root is missing: Postfix starts as root only'
}

# --fresh: a source folder that was moved or copied has a cache of its old place.
configure() {
	cmake "$@" -S "$here" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCSP_TESTS=OFF
}

build() {
	say "building in $build"
	log=$build.log
	mkdir -p "$here/build"
	if ! { { configure || configure --fresh; } && cmake --build "$build"; } >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		die 69 "the build failed; all of it is in $log"
	fi
}

# The trial goes on in the background once it has printed everything and left its exit status.
keep() {
	result=$(mktemp) || die 69 'no temporary file'
	trap 'rm -f "$result"' EXIT
	setsid python3 "$here/packaging/try/trial.py" --build "$build" --keep "$result" &
	trial=$!
	trap 'kill "$trial" 2>/dev/null; wait "$trial"; exit 130' INT TERM HUP
	while kill -0 "$trial" 2>/dev/null && [ ! -s "$result" ]; do
		sleep 0.2
	done
	[ -s "$result" ] || { wait "$trial"; exit 1; }
	exit "$(cat "$result")"
}

keep=no
case ${1-} in
'') ;;
--keep) keep=yes ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 64 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 64; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || die 69 'cannot find my own folder'
build=$here/build/try
require_root
say 'looking for what is needed'
sh "$here/packaging/deps.sh" try || exit 69
build
say 'starting'
[ "$keep" = no ] || keep
exec python3 "$here/packaging/try/trial.py" --build "$build"
