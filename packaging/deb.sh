#!/bin/sh
# Builds the Debian package: the files of this tree, by packaging/debian, checked by lintian.
set -eu

usage() {
	cat <<'USAGE'
usage: packaging/deb.sh [--version VERSION] [-o FOLDER]

Installs what is missing (Debian, as root), builds the source and the binary package, and has lintian judge both.

  -o FOLDER          where the packages go (build/deb)
  --version VERSION  build it as this version of the same release, like 0.1.0-2~site1
  -h, --help         this text

Exit status: 0; 1 it does not build, or lintian found something; 64 wrong call; 69 something is missing.
USAGE
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
out=$here/build/deb
version=
while [ $# -gt 0 ]; do
	case $1 in
	-o | --version)
		[ $# -ge 2 ] || { usage >&2; exit 64; }
		if [ "$1" = -o ]; then out=$2; else version=$2; fi
		shift 2
		;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 64 ;;
	esac
done

sh "$here/packaging/deps.sh" package || exit 69
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

release=$(dpkg-parsechangelog -l "$here/packaging/debian/changelog" -S Version)
release=${release%-*}
date=$(dpkg-parsechangelog -l "$here/packaging/debian/changelog" -S Date)
case ${version:-$release-1} in
"$release"-*) ;;
*) echo "deb: --version must begin with $release-" >&2; exit 64 ;;
esac

source=$work/csp-milter-$release
mkdir "$source"
cd "$here"
# What git knows, or all of a tree that came without git.
if git rev-parse --git-dir >/dev/null 2>&1; then
	git ls-files -z --cached --others --exclude-standard
else
	find . -path ./build -prune -o -type f -print0
fi | tar -c --null -T - --sort=name --owner=root:0 --group=root:0 --mtime="$date" --ignore-failed-read | tar -x -C "$source"
tar -C "$work" -cJf "$work/csp-milter_$release.orig.tar.xz" --sort=name --owner=root:0 --group=root:0 "csp-milter-$release"
cp -r "$source/packaging/debian" "$source/debian"
if [ -n "$version" ]; then
	{
		printf 'csp-milter (%s) unstable; urgency=medium\n\n  * Built for a site.\n\n' "$version"
		printf '%s  %s\n\n' "$(sed -n 's/^\( -- .*>\).*/\1/p;T;q' packaging/debian/changelog)" "$(date -R)"
		cat packaging/debian/changelog
	} >"$source/debian/changelog"
fi

(cd "$source" && dpkg-buildpackage -us -uc) >"$work/log" 2>&1 || {
	tail -n 40 "$work/log" | cut -c 1-300 >&2
	exit 1
}
rm -rf "$source"
mv "$work"/csp-milter* "$out"
mv "$work/log" "$out/build.log"
lintian --allow-root --pedantic --fail-on error,warning,info,pedantic "$out/csp-milter_${version:-$release-1}_$(dpkg --print-architecture).changes"
echo "$out/csp-milter_${version:-$release-1}_$(dpkg --print-architecture).deb"
