"""The service's unit and its AppArmor profile: how much they leave exposed, and that the daemon needs nothing that they forbid."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

from daemon import INCIDENT, OPERATIONAL, SUBSCRIPTION, Daemon, Programs, Skip, until

UNITS = pathlib.Path(__file__).parents[2] / "packaging" / "systemd"
UNIT = UNITS / "csp-milter.service.in"
PROFILE = UNITS.parent / "apparmor" / "usr.sbin.csp-milter"
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


class Traced(Daemon):
    """A daemon that strace writes down, through the whole of a life."""

    def __init__(self, *options):
        super().__init__(start=False, milter='socket_group = "daemon";')
        self.write_conf(classification=f'cache = "{self.path("phrases.cache")}";')
        self.start(wrapper=["strace", "-D", "-f", "-qq", *options, "-o", self.path("trace")])
        for headers in (INCIDENT, OPERATIONAL, SUBSCRIPTION):
            with self.session() as mta:
                mta.message(headers=headers)
        self.status()
        self.signal(signal.SIGUSR1)
        self.signal(signal.SIGHUP)
        until(lambda: self.logged("reload"), what="a reload")
        self.import_directory()
        with self.session() as mta:
            mta.message(headers=SUBSCRIPTION)
        self.stop()
        with open(self.path("trace"), encoding="utf-8", errors="replace") as trace:
            self.trace = trace.read()
        if "execve(" not in self.trace:
            raise Skip("system calls cannot be traced here")


def test_the_daemon_makes_no_system_call_that_its_unit_forbids():
    with Traced() as daemon:
        made = set(re.findall(r"^\d+ +(\w+)\(", daemon.trace, re.MULTILINE))
        assert {"fdatasync", "accept", "writev"} <= made, made
        assert made <= allowed(), made - allowed()


def alternatives(glob):
    """A glob of AppArmor without its braces: all that they stand for."""
    found = re.search(r"\{([^{}]*)\}", glob)
    if not found:
        return [glob]
    return [each for word in found[1].split(",") for each in alternatives(glob[:found.start()] + word + glob[found.end():])]


def pattern(glob):
    """A path of AppArmor, in which only ** goes past a slash, as a regular expression."""
    parts = re.split(r"(\*\*|\*|\?|\[[^]]*\])", glob)
    signs = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(signs.get(part) or (part if part.startswith("[") else re.escape(part)) for part in parts)


def file_rules():
    """What the profile allows: patterns of paths, with the letters behind them."""
    done = subprocess.run(["apparmor_parser", "-p", "-Q", "-K", str(PROFILE)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    variables = {name: value.split() for name, value in re.findall(r"^(@\{\w+\}) *= *(.*)$", done.stdout, re.MULTILINE)}
    variables["@{pid}"] = ["[0-9]*"]
    rules = []
    for path, letters in re.findall(r"^ *((?:/|@\{)\S*) +([a-z]+),", done.stdout, re.MULTILINE):
        paths = [path]
        while any("@{" in each for each in paths):
            paths = [each.replace(name, value) for each in paths for name in re.findall(r"@\{\w+\}", each)[:1] for value in variables[name]]
        rules += [(re.compile(pattern(re.sub("//+", "/", each))), set(letters)) for one in paths for each in alternatives(one)]
    assert len(rules) > 100
    return rules


def accesses(daemon):
    """Paths as the package has them, with the letters that AppArmor asks for."""
    places = ((daemon.path("run/"), "/run/csp-milter/"), (daemon.path("log/"), "/var/log/csp-milter/"),
              (daemon.path("directory"), "/var/lib/csp-milter/directory"), (daemon.path("phrases.cache"), "/var/lib/csp-milter/phrases.cache"), (Programs.daemon, "/usr/sbin/csp-milter"),
              (daemon.folder, "/etc/csp-milter"))
    for call, rest, result in re.findall(r"^\d+ +(\w+)\((.*)\) += (\S+)", daemon.trace, re.MULTILINE):
        found = re.search(r'"(/[^"]*)"', rest)
        if not found or result.startswith("-") or call in ("execve", "stat", "lstat", "newfstatat", "access", "readlink", "statfs"):
            continue
        path = found[1]
        for ours, theirs in places:
            path = path.replace(ours, theirs)
        # /proc/self is what the kernel resolves before it asks.
        path = path.replace("/proc/self/", "/proc/1/")
        if call == "openat" and "O_DIRECTORY" in rest and not path.endswith("/"):
            path += "/"
        reads = call == "openat" and "O_WRONLY" not in rest
        yield path, ({"r"} if reads else set()) | ({"w"} if not reads or "O_RDWR" in rest else set())


def test_the_daemon_reaches_nothing_that_its_profile_forbids():
    with Traced("-e", "trace=%file,bind,connect,openat,fchmodat,fchownat") as daemon:
        rules, seen = file_rules(), dict()
        for path, letters in accesses(daemon):
            seen.setdefault(path, set()).update(letters)
        assert {"/var/log/csp-milter/decisions.jsonl", "/run/csp-milter/milter.sock", "/var/lib/csp-milter/directory/data.mdb", "/var/lib/csp-milter/phrases.cache",
                "/etc/csp-milter/csp-milter.conf"} <= set(seen), sorted(seen)
        granted = {path: set().union(*(given for regex, given in rules if regex.fullmatch(path))) for path in seen}
        refused = {path: letters - granted[path] for path, letters in seen.items() if letters - granted[path]}
        assert not refused, refused


TESTS = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
