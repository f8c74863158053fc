#!/bin/sh
# Everything that is done to the filter to make it lose mail; what is printed becomes docs/reliability.md.
set -eu

usage() {
	cat <<'USAGE'
usage: tests/reliability/run.sh [--minutes M] [--quick] [-o FILE]

Installs what is missing (Debian, as root), builds, does all that tests/reliability has to the filter, at length, and writes what it prints to FILE
(docs/reliability.md).

  --minutes M  of the soak: everything at once, under load (60)
  --quick      a little of each: only whether all of it works
  -o FILE      write there
  -h, --help   this text

Exit status: 0 nothing was lost; 1 something was; 64 wrong call; 69 something is missing.
USAGE
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
out=$here/docs/reliability.md
minutes=60
quick=no
while [ $# -gt 0 ]; do
	case $1 in
	--minutes | -o)
		[ $# -ge 2 ] || { usage >&2; exit 64; }
		if [ "$1" = -o ]; then out=$2; else minutes=$2; fi
		shift
		;;
	--quick) quick=yes ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 64 ;;
	esac
	shift
done

cd "$here"
sh packaging/deps.sh test || exit 69
mkdir -p build
for preset in dev tsan fuzz; do
	[ "$quick" = no ] || [ "$preset" = dev ] || continue
	{ cmake --preset "$preset" && cmake --build --preset "$preset"; } >"build/$preset.log" 2>&1 || { tail -n 30 "build/$preset.log" >&2; exit 1; }
done

if [ "$quick" = yes ]; then
	minutes=0.3 kills=10 reloads=50 mail=300 states=200 seconds=2 mutants=3
else
	kills=300 reloads=1000 mail=6000 states=3000 seconds=600 mutants=0
fi

page=$(mktemp)
trap 'rm -f "$page"' EXIT
failed=0

# section TITLE TEXT COMMAND...: runs it, and shows command and output.
section() {
	title=$1 text=$2
	shift 2
	echo "reliability: $title" >&2
	printf '\n## %s\n\n%s\n\n```\n$ %s\n' "$title" "$text" "$(echo "$*" | sed "s,$here/,,g")" >>"$page"
	"$@" >>"$page" 2>&1 || { echo "exit status $?" >>"$page"; failed=1; }
	echo '```' >>"$page"
}

cat >"$page" <<PAGE
# Reliability

Written by \`sh tests/reliability/run.sh\`, never by hand: run it, and the page is yours. Each part is an account: what was sent, what became of it, and how
often that was wrong. The short form of each runs with every change (\`sh tests/run.sh\`).

$(date -u +%F), $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, Linux $(uname -r), csp-milter $(sed -n 's/^project(csp-milter VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt), $(git rev-parse --short HEAD 2>/dev/null || echo 'no git').
PAGE

py=tests/reliability
section 'Everything at once' 'Random messages through a real Postfix, sent again until they are taken or refused. Meanwhile the filter and Postfix are killed, the configuration is reloaded, the directory imported, the journal rotated and its disk filled.' \
	python3 $py/soak.py --minutes "$minutes"
section 'Killed under load' 'No rejection that a sender was told of lacks its record, though the filter is killed at any moment.' \
	python3 $py/journal_kill.py --kills "$kills" --sessions 16
section 'Power cut under load' 'The same, and with each kill goes what was not synced to the disk.' \
	python3 $py/journal_kill.py --kills "$kills" --sessions 16 --drop
section 'Reloaded under load, behind Postfix' 'Every message is decided by one of two configurations, whole.' python3 $py/reload.py --reloads "$reloads"
section 'Reloaded under load, by the protocol' 'The same, without a mail server between.' python3 $py/reload.py --reloads "$((reloads * 10))" --pause 0.01 --through protocol
[ "$quick" = yes ] ||
	section 'Reloaded under load, with the thread sanitizer' 'It ends the daemon with a status of its own where threads disagree.' \
		python3 $py/reload.py --reloads "$((reloads * 10))" --pause 0.01 --through protocol --build build/tsan
section 'Random mail' 'Recipients of all kinds; what the client was told, what the next hop has and what is held is what the policy says.' \
	python3 tests/mta/run.py --only random --messages "$mail"
section 'Every call fails once' 'Allocations, writes, syncs, opens and maps, one after another.' \
	python3 $py/inject.py --daemon build/dev/csp-milter --ctl build/dev/csp-milterctl --inject build/dev/tests/reliability/libinject.so --seconds "$seconds"
section 'The directory, its writers killed' 'Readers see whole states.' build/dev/tests/reliability/directory-kill "$states" 1
section 'The directory, its bits flipped' 'What is damaged is could-not-tell, never another customer.' build/dev/tests/reliability/directory-flip 3000 1
if [ "$quick" = no ]; then
	for fuzzer in build/fuzz/tests/fuzz/fuzz-*; do
		[ -x "$fuzzer" ] || continue
		section "Fuzzing: $(basename "$fuzzer")" 'Ten minutes, with address and undefined-behaviour sanitizers.' \
			sh -c "$fuzzer -max_total_time=600 -max_len=1024 2>&1 | tail -n 1"
	done
fi
section 'Changed code is noticed' 'One small change after another in the code that decides, and whether a unit test fails.' \
	python3 $py/mutate.py --tests '^unit/(core-(policy|policy_audit|plan|sender|decision)|service-decide)$' --limit "$mutants" \
	src/core/policy.c src/core/plan.c src/core/sender.c
mv "$page" "$out"
chmod 644 "$out"
trap - EXIT
echo "$out"
exit "$failed"
