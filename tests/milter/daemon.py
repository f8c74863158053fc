"""A daemon of its own for a test: a folder, a configuration, a directory, a socket, and its end."""

import glob
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import jsonschema

from protocol import Client

LINES_CHECKED = 10
SCHEMA = jsonschema.Draft202012Validator(json.loads(
    (pathlib.Path(__file__).parents[2] / "docs" / "csp-milter-decision.schema.json").read_text(encoding="utf-8")))

CATEGORIES = """
language = "test";
phrases = (
  { category = "subscription"; meaning = "invoice"; phrases = [ "your invoice" ]; },
  { category = "incident"; meaning = "outage"; phrases = [ "service outage" ]; },
  { category = "operational"; meaning = "maintenance"; phrases = [ "planned maintenance" ]; }
);
tags = (
  { header = "X-Tag"; values = ( { value = "outage"; category = "incident"; } ); },
  { header = "X-Json-Tag"; format = "json"; key = "tag"; values = ( { value = "outage"; category = "incident"; } ); }
);
"""

RULES = """
rules = (
  { name = "proven"; sender = "vendor"; proof = "proven"; disposition = "pass"; },
  { name = "subscription"; category = "subscription"; disposition = "block"; action = "reject";
    reply = "550 5.7.1 Not 100% yours (${decision})"; },
  { name = "operational"; category = "operational"; disposition = "flag"; },
  { name = "general"; disposition = "pass"; despite = "any"; }
);
"""

CUSTOMERS = [
    {"type": "partner", "id": "11111111-1111-4111-8111-111111111111", "name": "Fabrikam",
     "domains": ["fabrikam.example"], "proofs": {"logins": ["fabrikam"]}},
    {"type": "customer", "id": "22222222-2222-4222-8222-222222222222", "name": "Contoso",
     "domains": ["contoso.example"],
     "partners": [{"partner": "11111111-1111-4111-8111-111111111111", "role": "direct-bill"}]},
]

SUBSCRIPTION = [("From", "Billing <news@microsoft.com>"), ("Subject", "Your invoice is ready")]
OPERATIONAL = [("From", "Service <news@microsoft.com>"), ("Subject", "Planned maintenance tonight")]
INCIDENT = [("From", "Service <news@microsoft.com>"), ("Subject", "A service outage")]


class Programs:
    daemon = ctl = clock = disk = None
    slow = 1  # a sanitizer's factor


def sanitizer():
    """"asan" or "tsan" when the daemon was built with it."""
    names = subprocess.run(["nm", Programs.daemon], capture_output=True, text=True).stdout
    return next((name for name in ("asan", "tsan") if f"__{name}_init" in names), None)


def free_port(family=socket.AF_INET):
    with socket.socket(family) as probe:
        probe.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds=10, what="a condition"):
    end = time.monotonic() + seconds * Programs.slow
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true")


class Daemon:
    """Settings: mode, transport ("unix", "inet", "inet6"), drain, user, and text for groups of the configuration."""

    def __init__(self, transport="unix", mode="enforce", directory=True, folder=None, start=True, **settings):
        self.folder = folder or tempfile.mkdtemp(prefix="csp-milter-test-")
        self.owns_folder = folder is None
        os.chmod(self.folder, 0o755)
        self.transport = transport
        self.mode = mode
        self.settings = settings
        self.process = None
        self.log = []
        self.run_folder = self.path("run")
        self.journal = settings.get("journal", self.path("log/decisions.jsonl"))
        for name in ("run", "log"):
            os.makedirs(self.path(name), exist_ok=True)
        port = None
        if transport == "unix":
            self.family, self.address = socket.AF_UNIX, settings.get("path", self.path("run/milter.sock"))
            self.socket = "unix:" + self.address
        elif transport == "inet":
            port = settings.get("port") or free_port()
            self.family, self.address, self.socket = socket.AF_INET, ("127.0.0.1", port), f"inet:{port}@127.0.0.1"
        else:
            port = settings.get("port") or free_port(socket.AF_INET6)
            self.family, self.address, self.socket = socket.AF_INET6, ("::1", port), f"inet6:{port}@::1"
        self.write_conf()
        if directory:
            self.import_directory()
        if start:
            self.start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(self.path(name), 0o644)

    def write_conf(self, **changes):
        self.settings.update(changes)
        get = self.settings.get
        self.write("categories.conf", get("categories", CATEGORIES))
        self.write("csp-milter.conf", f"""
mode = "{get('mode', self.mode)}";
own_domains = [ "vendor.example" ];
vendor = {{
  domains = [ "microsoft.com" ];
  proofs = {{ logins = [ "vendor" ]; networks = [ "198.51.100.0/24", "2001:db8:1::/48" ];
             cert_subjects = [ "CN=vendor" ]; listeners = [ "inside" ]; }};
}};
milter = {{ socket = "{get('socket', self.socket)}"; control_socket = "{self.path('run/control.sock')}";
           drain = {get('drain', 5)}; user = "{get('user', '')}"; {get('milter', '')} }};
directory = {{ path = "{get('directory_path', self.path('directory'))}"; {get('directory_extra', '')} }};
journal = {{ path = "{get('journal', self.journal)}"; decisions = "{get('journal_decisions', 'all')}"; timeout = {get('journal_timeout', 10)};
            {get('journal_extra', '')} }};
failure = {{ {get('failure', '')} }};
{get('extra', '')}
classification = {{ categories = [ "subscription", "incident", "operational" ]; packs = [ "categories.conf" ];
                   {get('classification', '')} }};
""" + get("rules", RULES))

    def conf(self):
        return self.path("csp-milter.conf")

    def ctl(self, *arguments):
        return subprocess.run([Programs.ctl, *arguments], capture_output=True, text=True, timeout=60 * Programs.slow)

    def import_directory(self):
        self.write("customers.jsonl", "".join(json.dumps(entry) + "\n" for entry in CUSTOMERS))
        done = self.ctl("directory", "import", "-c", self.conf(), "--source", "test", self.path("customers.jsonl"))
        assert done.returncode == 0, done.stderr

    # ---- the process ----

    def start(self, ready=True, wrapper=(), before=None):
        self.process = subprocess.Popen([*wrapper, Programs.daemon, "-c", self.conf(), "--stderr"],
                                        stderr=subprocess.PIPE, text=True, errors="replace", preexec_fn=before)
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        if ready:
            until(lambda: self.logged(" ready: ") or self.process.poll() is not None, 20, "ready")
            assert self.process.poll() is None, self.text()
        return self

    def read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def text(self):
        return "\n".join(self.log)

    def logged(self, text):
        return any(text in line for line in self.log)

    def wait(self, seconds=15):
        status = self.process.wait(seconds * Programs.slow)
        self.reader.join(5)
        self.process.stderr.close()
        return status

    def signal(self, number):
        os.kill(self.process.pid, number)

    def run_to_end(self, wrapper=(), before=None):
        """For a daemon that is not to start: its exit status and its log."""
        self.start(ready=False, wrapper=wrapper, before=before)
        return self.wait(), self.text()

    def stop(self, expected=0):
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            status = self.wait()
            assert status == expected, (status, self.text())

    def remove(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
                self.check_journal()
        finally:
            self.remove()

    def check_journal(self):
        """The last whole lines are of the schema, and all outcomes."""
        lines = []
        for path in glob.glob(self.path("log/*.jsonl*")):
            with open(path, encoding="utf-8", errors="replace") as stream:
                lines += [line for line in stream if line.endswith("}\n") and line.startswith('{"schema"')]
        for line in lines[-LINES_CHECKED:] + [line for line in lines if '"for":' in line[:60]][:LINES_CHECKED]:
            error = next(SCHEMA.iter_errors(json.loads(line)), None)
            assert error is None, (error.json_path, error.message[:500], line[:2000])

    # ---- what a test asks ----

    def client(self, timeout=20):
        return Client(self.family, self.address, timeout * Programs.slow)

    def session(self, **options):
        return self.client().begin(**options)

    def records(self, path=None):
        with open(path or self.journal, encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]

    def decisions(self, path=None):
        return [record for record in self.records(path) if "recipients" in record]

    def status(self):
        done = self.ctl("status", "--socket", self.path("run/control.sock"), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


class Skip(Exception):
    """A test that cannot run here, and why."""
