#!/usr/bin/env python3
"""The Debian package in a Debian of its own: built, installed, set up by the guide, upgraded under load, purged.

usage: install.py [--keep] [--rebuild]

The folder is made by debootstrap once (build/package/debian), each run works on a copy. What runs in it has processes, mounts and a loopback
of its own, so nothing of it is left when the test ends.

--keep leaves the copy for a look. --rebuild builds the version that it is upgraded to, which else is the first one with a higher number. Exit status 0, 1 when something failed, 77 when not run by root on Debian.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
WORK = SOURCE / "build" / "package"
BASE, ROOT = WORK / "debian", WORK / "root"
SKIPPED = 77
INSTALL = """
mount -t proc proc proc
exec env DEBIAN_FRONTEND=noninteractive chroot . apt-get install -qq -y --no-install-recommends /root/1.deb
"""
INSIDE = """
mount -t proc proc proc
ip link set lo up
exec chroot . /usr/bin/python3 /root/gateway --upgrade /root/2.deb --purge
"""


class Failed(Exception):
    """What went wrong."""


def run(*words, **options):
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def mirror():
    """Where this machine has its Debian from."""
    suite = run("sh", "-c", '. /etc/os-release && echo "$VERSION_CODENAME"').strip()
    places = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", "Created-By: Packages").splitlines()
    return suite, next(place.split()[0] for place in places if place.split()[1:] == [suite, "main"])


def make_base():
    """Debian with a mail server, as apt makes it on a fresh machine."""
    if BASE.exists():
        return
    suite, uri = mirror()
    new = BASE.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    run("debootstrap", "--variant=minbase", "--include=postfix,python3,sqlite3,systemd", suite, new, uri)
    new.rename(BASE)


def start_build(*words):
    return subprocess.Popen(["sh", SOURCE / "packaging" / "deb.sh", "-o", WORK / "deb", *words],
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def end_build(process):
    out = process.communicate()[0]
    if process.returncode:
        raise Failed(f"packaging/deb.sh: status {process.returncode}\n{out[-3000:]}")
    return pathlib.Path(out.splitlines()[-1])


def renumber(package):
    """The same package as a higher version."""
    folder, higher = WORK / "renumbered", WORK / "higher.deb"
    shutil.rmtree(folder, ignore_errors=True)
    run("dpkg-deb", "-R", package, folder)
    control = folder / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+higher", control.read_text(), flags=re.M))
    run("dpkg-deb", "--root-owner-group", "-b", folder, higher)
    return higher


def make_root(packages):
    shutil.rmtree(ROOT, ignore_errors=True)
    run("cp", "-a", BASE, ROOT)
    for number, package in enumerate(packages, 1):
        shutil.copy(package, ROOT / "root" / f"{number}.deb")
    shutil.copy(SOURCE / "packaging" / "debian" / "tests" / "gateway", ROOT / "root" / "gateway")
    shutil.copy("/etc/resolv.conf", ROOT / "etc" / "resolv.conf")
    run("unshare", "--mount", "sh", "-ec", INSTALL, cwd=ROOT)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--rebuild", action="store_true")
    options = parser.parse_args()
    if not shutil.which("debootstrap") or run("id", "-u").strip() != "0":
        print("skipped: only root makes a Debian, by debootstrap")
        return SKIPPED
    try:
        build = start_build()
        make_base()
        package = end_build(build)
        higher = end_build(start_build("--version", "0.1.0-2")) if options.rebuild else renumber(package)
        make_root([package, higher])
        print(run("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-ec", INSIDE, cwd=ROOT, timeout=600), end="")
    except Failed as failure:
        print(f"FAILED: {failure}")
        return 1
    finally:
        if not options.keep:
            shutil.rmtree(ROOT, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
