"""The service's unit: how much it leaves exposed, and that the daemon needs nothing that it forbids."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

from daemon import INCIDENT, OPERATIONAL, SUBSCRIPTION, Daemon, Skip, until

UNITS = pathlib.Path(__file__).parents[2] / "packaging" / "systemd"
UNIT = UNITS / "csp-milter.service.in"
EXPOSURE_MAX = 10  # in tenths


def analyze(*words):
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60)


def written(folder, *drop_ins):
    """The unit as it would be installed, with programs that are here."""
    text = UNIT.read_text()
    for name, value in (("CMAKE_INSTALL_FULL_SBINDIR", "/bin"), ("CMAKE_INSTALL_FULL_BINDIR", "/bin"), ("CSP_CONF_PATH", "/etc/hostname")):
        text = text.replace(f"@{name}@", value)
    assert "@/" not in text and "@CMAKE" not in text
    path = pathlib.Path(folder) / "csp-milter.service"
    path.write_text(text.replace("/bin/csp-milterctl", "/bin/true").replace("/bin/csp-milter", "/bin/true"))
    for name in drop_ins:
        target = pathlib.Path(folder) / "csp-milter.service.d"
        target.mkdir(exist_ok=True)
        shutil.copy(UNITS / name, target)
    return path


def calls_of(group):
    """System calls of one group, those of the groups in it included."""
    calls = set()
    for line in analyze("syscall-filter", group).stdout.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= calls_of(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    assert calls, group
    return calls


def allowed():
    calls = set()
    for words in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.MULTILINE):
        takes = words.startswith("~")
        for word in words.lstrip("~").split():
            group = calls_of(word) if word.startswith("@") else {word}
            calls = calls - group if takes else calls | group
    return calls


def test_the_units_are_right_and_expose_little():
    with Daemon(start=False, directory=False) as daemon:
        for drop_ins in ((), ("csp-milter-postfix.conf",)):
            path = written(daemon.folder, *drop_ins)
            checked = analyze("verify", "--man=no", str(path))
            assert "csp-milter" not in checked.stderr, checked.stderr
            judged = analyze("security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", str(path))
            assert judged.returncode == 0, judged.stdout[-300:]
        shutil.rmtree(daemon.path("csp-milter.service.d"))
        checked = analyze("verify", "--man=no", str(written(daemon.folder, "csp-milter-inet.conf")))
        assert "csp-milter" not in checked.stderr, checked.stderr


def test_users_and_folders_are_made():
    if os.getuid() != 0:
        raise Skip("only root makes users")
    with Daemon(start=False, directory=False) as daemon:
        root = pathlib.Path(daemon.path("root"))
        for name in ("etc", "var/log", "var/lib"):
            (root / name).mkdir(parents=True)
        for program, unit, words in (("systemd-sysusers", "csp-milter.sysusers", ()), ("systemd-tmpfiles", "csp-milter.tmpfiles", ("--create",))):
            shutil.copy(UNITS / unit, root / unit)
            done = subprocess.run([program, f"--root={root}", *words, str(root / unit)], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
        users = dict(line.split(":")[0:3:2] for line in (root / "etc/passwd").read_text().splitlines())
        groups = dict(line.split(":")[0:3:2] for line in (root / "etc/group").read_text().splitlines())
        for folder, mode, user, group in (("var/log/csp-milter", 0o2750, "csp-milter", "csp-review"), ("var/lib/csp-milter", 0o750, "csp-milter", "csp-milter"),
                                          ("var/lib/csp-milter-review", 0o2770, None, "csp-review")):
            about = os.stat(root / folder)
            assert (about.st_mode & 0o7777, about.st_uid, about.st_gid) == (mode, int(users[user]) if user else 0, int(groups[group])), (folder, about)


def test_the_daemon_makes_no_system_call_that_its_unit_forbids():
    with Daemon(start=False, milter='socket_group = "daemon";') as daemon:
        daemon.start(wrapper=["strace", "-D", "-f", "-qq", "-o", daemon.path("trace")])
        for headers in (INCIDENT, OPERATIONAL, SUBSCRIPTION):
            with daemon.session() as mta:
                mta.message(headers=headers)
        daemon.status()
        daemon.signal(signal.SIGUSR1)
        daemon.signal(signal.SIGHUP)
        until(lambda: daemon.logged("reload"), what="a reload")
        daemon.import_directory()
        with daemon.session() as mta:
            mta.message(headers=SUBSCRIPTION)
        daemon.stop()
        with open(daemon.path("trace"), encoding="utf-8", errors="replace") as trace:
            made = set(re.findall(r"^\d+ +(\w+)\(", trace.read(), re.MULTILINE))
        if "execve" not in made:
            raise Skip("system calls cannot be traced here")
        assert {"fdatasync", "accept", "writev"} <= made, made
        assert made <= allowed(), made - allowed()


TESTS = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
