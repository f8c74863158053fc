"""The filters beside the mail servers: csp-milter with a configuration of the rig's making, and the no-op filter."""

import json
import os
import shutil
import signal
import subprocess

from .workspace import RigError, accepts, free_port, wait_until

CONFIGURATION = """\
mode = "{mode}";
own_domains = {own_domains};
outbound = {{ except_clients = {{ listeners = {not_judged}; }}; }};
vendor = {{
  domains = [ "microsoft.com" ];
  proofs = {{ networks = [ "{vendor_network}" ]; }};
}};
milter = {{
  socket = "{socket}";
  socket_mode = "0666";
  control_socket = "{folder}/control.sock";
}};
directory = {{ path = "{state}/directory"; }};
journal = {{ path = "{state}/decisions.jsonl"; }};
review = {{ marks = "{state}/marks.db"; index = "{state}/index.db"; }};
classification = {{
  packs = {packs};
  cache = "{cache}";
  tag_sources = {{ networks = [ "{vendor_network}" ]; }};
  remove_untrusted_tags = true;
}};
@include "policy.conf"
"""


def _list(values):
    return "[ " + ", ".join(f'"{value}"' for value in values) + " ]"


def _copy(source, target):
    """A copy that is root's alone to write, whatever the source's modes: the daemon refuses anything else."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    for folder, _, files in os.walk(target):
        os.chmod(folder, 0o755)
        for name in files:
            os.chmod(os.path.join(folder, name), 0o644)


class Endpoint:
    """A milter's address in the words of everyone who needs it."""

    def __init__(self, path=None):
        self.path = path
        self.port = None if path else free_port()

    @property
    def libmilter(self):
        return f"unix:{self.path}" if self.path else f"inet:{self.port}@127.0.0.1"

    @property
    def postfix(self):
        return f"unix:{self.path}" if self.path else f"inet:127.0.0.1:{self.port}"

    @property
    def address(self):
        return self.path or ("127.0.0.1", self.port)


class Filter:
    """csp-milter with the shipped rules and packs, a directory of its own and a journal that tests read.

    `build` has the programs, `conf` the shipped configuration, of which `languages` (all, where none are named) are used, or `packs` and no
    others; the directory and the journal go to `state`, which is the filter's own folder unless something else is said.
    """

    def __init__(self, workspace, name, build, conf, *, mode="enforce", inet=False, own_domains=(),
                 vendor_network="127.0.0.0/32", not_judged=(), state=None, languages=None, packs=None, environment=None):
        self._workspace = workspace
        self._name = name
        self._build = build
        self.folder = workspace.folder(name)
        self.state = state or self.folder
        self.endpoint = Endpoint(None if inet else os.path.join(self.folder, "milter.sock"))
        self.conf = os.path.join(self.folder, "csp-milter.conf")
        self.journal = os.path.join(self.state, "decisions.jsonl")
        self.process = None
        self._environment = [f"{name}={value}" for name, value in (environment or {}).items()]
        _copy(conf, self.folder)
        with open(self.conf, "w") as file:
            file.write(CONFIGURATION.format(
                mode=mode, own_domains=_list(own_domains), not_judged=_list(not_judged), vendor_network=vendor_network,
                socket=self.endpoint.libmilter, folder=self.folder,
                state=self.state, cache=os.path.join(workspace.path, "phrases.cache"), packs=_list(packs or _packs(self.folder, languages))))

    def _program(self, name):
        return os.path.join(self._build, name)

    def control(self, *arguments):
        """Runs csp-milterctl on this configuration: VERB [SUBVERB] [ARGUMENT...]; its output."""
        run = subprocess.run([self._program("csp-milterctl"), *arguments], capture_output=True,
                             encoding="utf-8", errors="replace", timeout=300)
        if run.returncode > 1:
            raise RigError(f"csp-milterctl {' '.join(arguments)}: status {run.returncode}\n{run.stderr}")
        return run.stdout

    def import_directory(self, path, source="rig"):
        self.control("directory", "import", "-c", self.conf, "--source", source, path)

    def set_policy(self, text):
        """Other rules, and whatever settings belong to them, from the next message on."""
        with open(os.path.join(self.folder, "policy.conf"), "w") as file:
            file.write(text)
        self.control("reload", "-c", self.conf)

    def start(self):
        self.process = self._workspace.spawn(self._name, ["env", *self._environment, self._program("csp-milter"), "--stderr", "-c", self.conf])
        self.process.wait_for("csp-milter", lambda: accepts(self.endpoint.address))
        return self

    def stop(self):
        return self.process.stop()

    def status(self):
        return json.loads(self.control("status", "--json", "-c", self.conf))

    @staticmethod
    def read_records(path):
        """The decisions in a journal; a line that was cut short is none."""
        with open(path, "rb") as journal:
            lines = [_parsed(line) for line in journal if line.endswith(b"\n")]
        return [line for line in lines if "decision" in line]

    def records(self):
        return self.read_records(self.journal) if os.path.exists(self.journal) else []

    def record(self, message_id):
        """The last decision about a message; waits for it."""
        def find():
            return [record for record in self.records() if record["message_id"] == message_id]
        return wait_until(f"{message_id} in the journal", find, 10)[-1]


def _parsed(line):
    try:
        return json.loads(line)
    except ValueError:
        return {}


def _packs(folder, languages):
    names = []
    for kind in ("categories", "packs"):
        names += sorted(f"{kind}/{name}" for name in os.listdir(os.path.join(folder, kind)) if name.endswith(".conf"))
    if languages:
        names = [name for name in names if not name.startswith("categories/") or name[11:-5] in languages]
    return names


class Noop:
    """The no-op filter of tests/bench. It has nothing to finish, and libmilter takes seconds to stop: so it is killed."""

    def __init__(self, workspace, name, program, *options, inet=False):
        folder = workspace.folder(name)
        self.endpoint = Endpoint(None if inet else os.path.join(folder, "milter.sock"))
        self.process = workspace.spawn(name, [program, "-s", self.endpoint.libmilter, *options],
                                       stop_signal=signal.SIGKILL)
        self.process.wait_for("the no-op filter", lambda: accepts(self.endpoint.address))
