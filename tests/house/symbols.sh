#!/bin/sh
# Every symbol that a layer's library defines for others starts with csp_, because libmilter and
# libconfig export common names of their own and a clash would hijack them.
# usage: symbols.sh NM LIBRARY...
set -eu

nm=$1
shift
foreign=$("$nm" --defined-only --extern-only --format=posix "$@" | awk 'NF >= 3 { print $1 }' | grep -v '^csp_' | sort -u || true)
if [ -n "$foreign" ]; then
	echo "symbols: without the prefix csp_:"
	printf '%s\n' "$foreign" | sed 's/^/  /'
	exit 1
fi
echo "symbols: all start with csp_"
