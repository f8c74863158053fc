#!/bin/sh
# All tests: installs what is missing, builds with and without sanitizers, runs everything, counts.
set -u

usage() {
	cat <<'USAGE'
usage: tests/run.sh [--quick]

Installs what is missing (Debian, as root), then builds and tests
  dev    the plain build, with the tests behind real mail servers, the package in a Debian of its own, and short benchmarks
  asan   address and undefined-behaviour sanitizer
  tsan   thread sanitizer, for the daemon, the journal and what both programs share
  fuzz   every fuzz target for a short while, with clang

  --quick  dev only, and neither mail servers, nor packages, nor benchmark
  --help   this text

The last line is "N passed, N failed". Exit status: 0; 1 something failed; 64 wrong call; 69 something is missing.
USAGE
}

say() { printf 'tests: %s\n' "$*" >&2; }

# The number behind a name in the head of ctest's JUnit report.
count() { sed -n "s/^[[:space:]]*$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1; }

passed=0
failed=0
skipped=0

add() {
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
}

# build PRESET: true when it compiled; a build that fails is one failed test.
build() {
	say "building $1"
	mkdir -p build
	log=build/$1.log
	# --fresh: a source folder that was moved or copied has a cache of its old place.
	if { { cmake --preset "$1" || cmake --fresh --preset "$1"; } && cmake --build --preset "$1"; } >"$log" 2>&1; then
		return 0
	fi
	tail -n 40 "$log" >&2
	say "the build of $1 failed; all of it is in $log"
	add 0 1 0
	return 1
}

# check PRESET NAME [CTEST-OPTION...]: NAME tells the reports of one preset apart.
check() {
	preset=$1
	report=$PWD/build/$1-$2.xml
	say "testing $1, $2"
	shift 2
	rm -f "$report"
	ctest --preset "$preset" -j "$(nproc)" --timeout 300 --no-tests=error --output-junit "$report" "$@"
	status=$?
	if [ ! -f "$report" ]; then
		add 0 1 0
		return
	fi
	total=$(count tests "$report")
	bad=$(count failures "$report")
	not_run=$(($(count skipped "$report") + $(count disabled "$report")))
	# A test whose program is missing is no failure to the report, but one to the exit status.
	[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	good=$((total - bad - not_run))
	[ "$good" -ge 0 ] || good=0
	add "$good" "$bad" "$not_run"
}

test_all() {
	if build dev; then
		if [ "$quick" = yes ]; then
			check dev units -LE 'machine|package'
		else
			check dev units -LE machine
			check dev machine -L machine
		fi
	fi
	[ "$quick" = no ] || return 0
	# What a sanitizer finds in them others have found: documents, kills that go on for a time, and what mostly waits.
	if build asan; then
		check asan units -LE machine -E '^(docs|house|package|reliability)/|^milter-directories'
	fi
	if build tsan; then
		check tsan threads -LE machine -R '^(unit/(milter|service)-|unit/store-(journal|directory|log)|milter|reliability/reload$)'
	fi
	if build fuzz; then
		check fuzz parsers -R '^fuzz/'
	fi
}

quick=no
case ${1-} in
'') ;;
--quick) quick=yes ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 64 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 64; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 69
cd "$here" || exit 69
sh packaging/deps.sh test || exit 69
test_all
[ "$skipped" -eq 0 ] || say "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
