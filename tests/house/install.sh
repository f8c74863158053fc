#!/bin/sh
# What is installed stands where the programs look for it, nobody but its owner may write it, whatever the umask, and a
# configuration that the site has changed stays.
# usage: install.sh CMAKE BUILD
set -eu

cmake=$1
build=$2
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
umask 002

fail() {
	echo "install: $*"
	exit 1
}

put() { DESTDIR=$dest "$cmake" --install "$build" >/dev/null; }

put
conf=$dest$("$build/csp-milterctl" check --help | sed -n "s,.*(\(/.*\))$,\1,p")
[ -f "$conf" ] || fail "no $conf"
loose=$(find "$dest" -mindepth 1 -perm /022 ! -type l)
[ -z "$loose" ] || fail "writable for a group or for everybody: $loose"

rules=$(dirname "$conf")/policy.conf
pack=$(dirname "$conf")/categories/en.conf
echo '# the rules of the site' >"$rules"
put
[ "$(cat "$rules")" = '# the rules of the site' ] || fail "policy.conf was overwritten"
grep -q disposition "$rules.new" || fail "no policy.conf.new beside it"
[ ! -e "$pack.new" ] || fail "a file that nobody has changed came twice"
echo "install: in its place, with its modes"
