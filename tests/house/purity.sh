#!/bin/sh
# Base and core are pure: the symbols they take from outside are those of this list and no others, so
# no file, clock, socket, lock or environment of ours can be reached from them.
# usage: purity.sh NM LIBRARY...
set -eu

nm=$1
shift

allowed='
^(abort|calloc|free|malloc|realloc)$
^(bcmp|mem(chr|cmp|cpy|mem|move|set)|str(chr|cmp|cspn|len|ncmp|nlen|spn|tol|toll|toul|toull))$
^__(memcpy|memmove|memset|snprintf|vsnprintf)_chk$
^(snprintf|vsnprintf|qsort|bsearch|inet_ntop|inet_pton)$
^__stack_chk_fail$
^_GLOBAL_OFFSET_TABLE_$
^(u|ubidi|ucnv|uidna|unorm2|uspoof|uset|utf8|uscript|utrans|uchar|ustr)_[A-Za-z0-9_]+$
^hs_[a-z_]+$
'
work=$(mktemp -d "${TMPDIR:-/tmp}/purity.XXXXXX")
trap 'rm -rf "$work"' EXIT
printf '%s' "$allowed" | sed '/^$/d' > "$work/allowed"

"$nm" --defined-only --extern-only --format=posix "$@" | awk 'NF >= 3 { print $1 }' | sort -u > "$work/defined"
"$nm" --undefined-only --format=posix "$@" | awk 'NF >= 2 { print $1 }' | sort -u > "$work/undefined"
[ -s "$work/undefined" ] || { echo "purity: nm printed nothing for $*"; exit 1; }

comm -23 "$work/undefined" "$work/defined" | grep -Evf "$work/allowed" > "$work/impure" || true
if [ -s "$work/impure" ]; then
	echo "purity: base and core take these symbols from outside:"
	sed 's/^/  /' "$work/impure"
	exit 1
fi
echo "purity: $(comm -23 "$work/undefined" "$work/defined" | wc -l) outside symbols, all on the list"
