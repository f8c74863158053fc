#!/bin/sh
# All benchmarks on a release build; their output becomes docs/performance.md.
set -eu

usage() {
	cat <<'USAGE'
usage: tests/bench/run.sh [--full | --quick] [-o FILE]

Installs what is missing (Debian, as root), builds a release in build/bench/release, runs every benchmark, and writes what they
print to FILE (docs/performance.md). Takes about half an hour, on a machine that does nothing else.

  --full     10 million customers and records in place of a million, as in the targets: some hours, 40 GB below /var/tmp
  --quick    a few messages of each: only whether all of it works
  -o FILE    write there
  -h, --help this text

Exit status: 0; 1 a benchmark failed; 64 wrong call; 69 something is missing.
USAGE
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
out=$here/docs/performance.md
size=million
while [ $# -gt 0 ]; do
	case $1 in
	--full) size=full ;;
	--quick) size=quick ;;
	-o) [ $# -ge 2 ] || { usage >&2; exit 64; }; out=$2; shift ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 64 ;;
	esac
	shift
done

cd "$here"
sh packaging/deps.sh test || exit 69
build=$here/build/bench/release
{ cmake --preset release -B "$build" -DCSP_TESTS=ON && cmake --build "$build" -j "$(nproc)"; } >build/bench-build.log 2>&1 ||
	{ tail -n 30 build/bench-build.log >&2; exit 1; }

case $size in
quick) many=2000 rounds=2 each=40 records=10000 sessions=2 ;;
million) many=1000000 rounds=10 each=300 records=1000000 sessions=1,8,64 ;;
full) many=10000000 rounds=20 each=500 records=10000000 sessions=1,8,64 ;;
esac

brief=
[ "$size" != quick ] || brief=--quick

page=$(mktemp)
trap 'rm -f "$page"' EXIT

# section TITLE TEXT COMMAND...: runs it, and shows command and output.
section() {
	title=$1 text=$2
	shift 2
	echo "bench: $title" >&2
	{
		printf '\n## %s\n\n%s\n\n```\n$ ' "$title" "$text"
		printf '%s ' "$@" | sed "s,$here/,,g; s,\$(nproc),,; s/ \$//"
		printf '\n'
	} >>"$page"
	"$@" >>"$page" || { echo "bench: $title: status $?" >&2; exit 1; }
	echo '```' >>"$page"
}

version() { dpkg-query -W -f '${Package} ${Version}\n' "$@" 2>/dev/null | paste -sd ',' | sed 's/,/, /g'; }

cat >"$page" <<PAGE
# Performance

Written by \`sh tests/bench/run.sh\`, never by hand: run it, and the page is yours. Figures are ratios to something that ran in the same round, because
machines differ and are never quiet; absolute ones stand beside them for a feeling. The interval behind a median holds it with 95 % confidence. A row "again"
is the yardstick against itself: what it differs from 1 is noise.

$(date -u +%F), $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(awk '/MemTotal/ {printf "%.0f GB", $2 / 1048576}' /proc/meminfo), Linux $(uname -r).
csp-milter $(sed -n 's/^project(csp-milter VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt), $(git rev-parse --short HEAD 2>/dev/null || echo 'no git'); $(version gcc libmilter-dev libhyperscan5 libvectorscan5 liblmdb0 libicu72).
PAGE

section 'Against a filter that does nothing' \
	'The floor: a libmilter filter that asks for the same and answers the same, and writes the same octets to the disk for a refusal, but decides nothing. With 10,000 phrases besides the shipped 36 languages.' \
	python3 tests/bench/run.py --build "$build" --rounds "$rounds" --messages $((each * 8)) --stall-messages "$each" --customers "$many" --phrases 10000
section 'Against what else there is' \
	'One real Postfix in front of each, delivering to nowhere; the same phrases, customers and messages. OpenDKIM signs, which is another job; header_checks knows no recipients. "CPU" is that of the filter alone.' \
	python3 tests/bench/peers.py --build "$build" --rounds "$rounds" --messages "$each" --sessions "$sessions"
# shellcheck disable=SC2086
section 'A classification' 'One subject line, as phrases grow.' python3 tests/bench/phrases.py --build "$build" $brief
section 'Hostile headers' 'Microseconds for a message; each shape at its size and at twice its size.' "$build/tests/bench/headers" -q conf/csp-milter.conf
# shellcheck disable=SC2086
section 'The directory' 'Import, export, look-ups, and mail meanwhile.' \
	python3 tests/bench/directory.py --build "$build" --customers "$many" $brief
# shellcheck disable=SC2086
section 'The review' 'Questions to an index of many records, beside reading the files.' \
	python3 tests/bench/review.py --build "$build" --records "$records" $brief
mv "$page" "$out"
chmod 644 "$out"
trap - EXIT
echo "$out"
