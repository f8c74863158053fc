#!/bin/sh
# Installs what this project needs from Debian's archive, and nothing twice.
#
# It never installs a server: where Postfix is absent, and for others always, the package is fetched and unpacked
# into a folder of ours (build/mta), so the machine's own mail system stays what it is.
# Exit status: 0 all is there; 64 wrong call; 69 something is missing and cannot be installed: it says what.
set -u

usage() {
	cat <<'USAGE'
usage: packaging/deps.sh [--check] build|try|test|package|servers

  build    what compiling needs
  try      and what packaging/try.sh needs: Python and a private Postfix
  test     and what tests/run.sh needs: cmocka, a private Sendmail and more
  package  what packaging/deb.sh needs
  servers  the private mail servers alone

  --check  install nothing; say what is missing
USAGE
}

say() { printf 'deps: %s\n' "$*" >&2; }

die() {
	say "$*"
	exit 69
}

# A line each: the Debian package, and what shows on any other system that the same thing is there.
requirements() {
	cat <<'LIST'
build gcc command:cc
build libc6-dev header:stdio.h
build cmake command:cmake
build ninja-build command:ninja
build pkgconf command:pkg-config
build libmilter-dev header:libmilter/mfapi.h
build libicu-dev module:icu-i18n
build libconfig-dev module:libconfig
build libjansson-dev module:jansson
build libsodium-dev module:libsodium
build libsmartcols-dev module:smartcols
build zlib1g-dev module:zlib
build libsqlite3-dev module:sqlite3
build liblmdb-dev header:lmdb.h
build libhs-dev module:libhs
build scdoc command:scdoc
try python3 command:python3
test libcmocka-dev module:cmocka
test libpcre2-dev module:libpcre2-8
test clang command:clang
test libclang-rt-dev command:clang
test llvm command:llvm-symbolizer
test m4 command:m4
test python3-jsonschema python:jsonschema
test rsyslog command:rsyslogd
test systemd command:systemd-analyze
test strace command:strace
test chromium command:chromium
test chromium-driver command:chromedriver
test apparmor command:apparmor_parser
test debootstrap command:debootstrap
test iproute2 command:ip
package dpkg-dev command:dpkg-buildpackage
package debhelper command:dh
package dh-apparmor command:dh_apparmor
package lintian command:lintian
package xz-utils command:xz
LIST
}

# Debian has Hyperscan where it runs and Vectorscan elsewhere; both are libhs.
matcher_package() {
	case $(dpkg --print-architecture) in
	amd64 | i386) echo libhyperscan-dev ;;
	*) echo libvectorscan-dev ;;
	esac
}

# The groups that a group stands on.
groups_of() {
	case $1 in
	build) echo 'build' ;;
	try) echo 'build try' ;;
	test) echo 'build try test package' ;;
	package) echo 'build package' ;;
	servers) echo 'servers' ;;
	esac
}

is_debian() { command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; }

is_root() { [ "$(id -u)" -eq 0 ]; }

has_package() {
	dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# What a probe names is there, on a system without dpkg.
has_probe() {
	what=${1#*:}
	case $1 in
	command:*) command -v "$what" >/dev/null 2>&1 ;;
	module:*) pkg-config --exists "$what" 2>/dev/null ;;
	python:*) python3 -c "import $what" 2>/dev/null ;;
	header:*) [ -e "/usr/include/$what" ] || [ -e "/usr/local/include/$what" ] ;;
	esac
}

# Prints the packages of the groups in $1 that are missing, one a line.
missing_packages() {
	requirements | while read -r needs package probe; do
		case " $1 " in *" $needs "*) ;; *) continue ;; esac
		if is_debian; then
			[ "$package" != libhs-dev ] || package=$(matcher_package)
			has_package "$package" || echo "$package"
		else
			has_probe "$probe" || echo "$package ($probe)"
		fi
	done
}

updated=no
update_once() {
	[ "$updated" = no ] || return 0
	say 'apt-get update'
	apt-get update -qq >&2 || die 'apt-get update failed'
	updated=yes
}

# The package lists of a fresh machine are empty or old: one more try after an update tells.
with_update() {
	"$@" && return 0
	[ "$updated" = no ] || return 1
	update_once
	"$@"
}

# shellcheck disable=SC2317
install_packages() {
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 "$@" </dev/null >"$log" 2>&1
}

install() {
	[ $# -gt 0 ] || return 0
	say "installing $*"
	log=$(mktemp) || die 'no temporary file'
	if with_update install_packages "$@"; then
		rm -f "$log"
		return 0
	fi
	tail -n 20 "$log" >&2
	rm -f "$log"
	die "apt-get could not install: $*"
}

# shellcheck disable=SC2317
download() { (cd "$1" && shift && apt-get download -qq "$@" >/dev/null 2>&1); }

# unpack FOLDER PACKAGE...: the packages' files below FOLDER, and the libraries they link to from the archive.
# The folder appears only when all of it is there.
unpack() {
	target=$1
	shift
	[ ! -d "$target" ] || return 0
	say "unpacking $* into $target"
	mkdir -p "$(dirname "$target")" || die "no folder for $target"
	work=$(mktemp -d "$target.XXXXXX") || die "no folder for $target"
	if ! with_update download "$work" "$@"; then
		rm -rf "$work"
		die "apt-get could not download: $*"
	fi
	libraries=
	for deb in "$work"/*.deb; do
		dpkg -x "$deb" "$work/root" || die "cannot unpack $deb"
		libraries="$libraries $(libraries_of "$deb")"
	done
	# shellcheck disable=SC2046,SC2086
	install $(not_installed $libraries)
	find "$work/root" -type f -perm /6000 -exec chmod ug-s {} +
	chmod 755 "$work/root"
	mv "$work/root" "$target" || die "cannot make $target"
	rm -rf "$work"
}

libraries_of() {
	dpkg-deb -f "$1" Depends | tr ',|' '[\n*]' | sed -n 's/^ *\(lib[a-z0-9.+-]*\).*/\1/p'
}

not_installed() {
	for package in "$@"; do
		has_package "$package" || echo "$package"
	done | sort -u
}

# Which servers the groups in $1 need as folders of ours. Only root can start them, so nobody else needs any.
wanted_servers() {
	is_root || return 0
	case " $1 " in *' try '* | *' servers '*)
		[ -x /usr/lib/postfix/sbin/master ] || echo 'postfix postfix'
		;;
	esac
	case " $1 " in *' test '* | *' servers '*)
		echo 'sendmail sendmail-bin sendmail-base sendmail-cf'
		;;
	esac
	case " $1 " in *' test '*)
		echo 'prometheus prometheus'
		;;
	esac
}

missing_servers() {
	wanted_servers "$1" | while read -r folder packages; do
		[ -d "$servers/$folder" ] || echo "$folder"
	done
}

report_missing() {
	[ -z "$1" ] || say "missing packages: $1"
	[ -z "$2" ] || say "missing servers (on Debian unpacked below $servers): $2"
	is_debian || die 'this is no Debian system: install what provides the above, by the names behind the packages'
	is_root || die "not root; as root run: $0 $group"
	exit 69
}

check=no
[ "${1-}" != --check ] || { check=yes; shift; }
case ${1-} in
build | try | test | package | servers) group=$1 ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 64 ;;
esac

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || die 'cannot find my own folder'
servers=$here/build/mta
groups=$(groups_of "$group")
packages=$(missing_packages "$groups" | tr '\n' ' ')
folders=$(missing_servers "$groups" | tr '\n' ' ')
[ -n "$packages$folders" ] || exit 0
if [ "$check" = yes ] || ! is_debian || ! is_root; then
	report_missing "$packages" "$folders"
fi

# shellcheck disable=SC2086
install $packages
wanted_servers "$groups" | while read -r folder list; do
	# shellcheck disable=SC2086
	unpack "$servers/$folder" $list || exit 69
done || exit 69
exit 0
