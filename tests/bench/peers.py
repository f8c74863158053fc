#!/usr/bin/env python3
"""csp-milter beside what a postmaster would use instead, one real Postfix in front of all of them.

usage: peers.py [--build FOLDER] [--customers N] [--phrases N] [--sessions N,N...] [--rounds N] [--messages N] [--only NAME,NAME...]

Every filter is given the same job: to refuse a message whose subject has one of the phrases and whose recipient is one of the customers. The
peers are Debian's packages, in a Debian of their own (build/bench/debian, made by debootstrap the first time). OpenDKIM, which signs, and
header_checks, which knows no recipient, do less; they are there for the scale. Postfix delivers to nowhere.

Printed are, for messages that pass and messages that are refused: the rate as a share of the rate without a filter in the same round, median
and 95 % interval; processor time of the filter for a message; its memory at the end. Exit status 0, 1 when something did not work, 77 when not run by root.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(SOURCE / "tests" / "mta"), str(SOURCE / "tests" / "package")]

# pylint: disable=wrong-import-position
from install import mirror  # noqa: E402
from rig.milter import Filter, Noop  # noqa: E402
from rig.postfix import Postfix, installation  # noqa: E402
from rig.workspace import RigError, Workspace, accepts  # noqa: E402
from run import interval, write_directory  # noqa: E402

SKIPPED = 77
UNPACKED = str(SOURCE / "build" / "mta" / "postfix")
ROOT = SOURCE / "build" / "bench" / "debian"
PACKAGES = ("opendkim", "opendkim-tools", "rspamd", "mimedefang", "libnet-dns-perl")
DEBIANS = {"opendkim", "rspamd", "mimedefang"}
REFUSERS = {"csp-milter", "header_checks", "rspamd", "mimedefang"}
PHRASE = "subscription is about to expire"
SUBJECTS = {"pass": "Programme of the autumn conference", "refuse": f"Your {PHRASE}"}
AUTHOR = "office@vendor.example"
CUSTOMER = "anna@bench-customer.example"
REFUSAL = "5.7.1 Subscription mail"

RSPAMD = """\
options {{ filters = ""; pidfile = "/run/peers/rspamd.pid"; dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }} }}
logging {{ type = "console"; level = "error"; }}
lua = "/usr/share/rspamd/rules/rspamd.lua";
modules {{ path = "/usr/share/rspamd/plugins/multimap.lua"; path = "/usr/share/rspamd/plugins/force_actions.lua"; }}
actions {{ reject = 1000; }}
multimap {{
  SUBJECT {{ type = "header"; header = "Subject"; map = "/run/peers/subjects.map"; regexp = true; score = 0; }}
  RECIPIENT {{ type = "rcpt"; filter = "email:domain"; map = "/run/peers/domains.map"; score = 0; }}
}}
force_actions {{ rules {{ BLOCK {{ action = "reject"; expression = "SUBJECT & RECIPIENT"; message = "Subscription mail"; }} }} }}
worker "rspamd_proxy" {{
  bind_socket = "/run/peers/rspamd.sock mode=0666"; milter = true; timeout = 60s; count = {workers};
  upstream "local" {{ default = true; self_scan = true; }}
}}
"""

MIMEDEFANG = """\
my (%domains, $phrases);
sub load {
  open(my $file, "<", "/run/peers/domains.map") or die; chomp(my @lines = <$file>); @domains{@lines} = ();
  open($file, "<", "/run/peers/phrases") or die; chomp(@lines = <$file>);
  my $joined = join("|", map { quotemeta } @lines); $phrases = qr/$joined/i;
}
sub filter_initialize { load(); }
sub filter_begin {
  return unless $Subject =~ $phrases;
  for my $to (@Recipients) {
    my ($domain) = $to =~ /\\@([^>]*)/;
    return action_bounce("Subscription mail", "550", "5.7.1") if exists $domains{lc $domain};
  }
}
sub filter { return action_accept(); }
1;
"""

def needs_root(options):
    return not options.only or not DEBIANS.isdisjoint(options.only)


def make_root():
    """The peers in a Debian of their own: nothing of them is installed, or started, on this machine."""
    if ROOT.exists():
        return
    print("making a Debian for the peers ...", file=sys.stderr, flush=True)
    suite, uri = mirror()
    new = ROOT.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["debootstrap", "--variant=minbase", suite, new, uri], check=True, stdout=subprocess.DEVNULL)
    shutil.copy("/etc/resolv.conf", new / "etc" / "resolv.conf")
    install = "mount -t proc proc proc; exec env DEBIAN_FRONTEND=noninteractive chroot . apt-get install -qq -y --no-install-recommends "
    subprocess.run(["unshare", "--mount", "sh", "-ec", install + " ".join(PACKAGES)], cwd=new, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    new.rename(ROOT)


def phrases_of(count):
    """Two invented words each, which no subject here has; and the one that some have."""
    words = random.Random(1)
    invented = ["".join(words.choices("bcdfghklmnprst", k=8)) + " " + "".join(words.choices("aeioulmn", k=7)) for _ in range(count - 1)]
    return invented + [PHRASE]


class Peer:
    """A filter of somebody else, run in the peers' Debian. `words` start it in the foreground."""

    def __init__(self, workspace, name, *commands):
        self.name = name
        socket = ROOT / "run" / "peers" / f"{name}.sock"
        self.processes = [workspace.spawn(f"{name}-{number}", ["chroot", str(ROOT), *words]) for number, words in enumerate(commands)]
        self.processes[-1].wait_for(name, lambda: socket.exists() and accepts(str(socket)), 60)
        os.chmod(socket, 0o666)
        self.milter = f"unix:{socket}"


class Ours:
    """csp-milter or the no-op filter."""

    def __init__(self, name, milter):
        self.name, self.processes, self.milter = name, [milter.process], milter.endpoint.postfix


class Nothing:
    """No filter, or one that is Postfix's own."""
    processes = ()

    def __init__(self, name, *options):
        self.name, self.milter, self.options = name, "", options


def csp(workspace, options, name, mode, phrases, directory):
    # The rig copies the shipped configuration; the pack of phrases goes beside it before the filter is started.
    milter = Filter(workspace, name.replace(" ", "-"), options.build, str(SOURCE / "conf"), mode=mode, packs=["packs/phrases.conf", "packs/products.conf"])
    with open(os.path.join(milter.folder, "packs", "phrases.conf"), "w", encoding="utf-8") as file:
        listed = ", ".join(json.dumps(phrase) for phrase in phrases)
        file.write(f'language = "bench"; phrases = ( {{ category = "subscription"; meaning = "bench"; phrases = [ {listed} ]; }} );\n')
    with open(os.path.join(milter.folder, "policy.conf"), "w", encoding="utf-8") as file:
        file.write('rules = ( { name = "subscription"; category = "subscription"; disposition = "block"; action = "reject"; '
                   f'reply = "550 {REFUSAL} (${{decision}})"; }}, {{ name = "general"; disposition = "pass"; despite = "any"; }} );\n')
    milter.import_directory(directory)
    return Ours(name, milter.start())


def write_maps(workspace, options, phrases, customers):
    """What the peers know, in their formats, where they see it."""
    folder = ROOT / "run" / "peers" if needs_root(options) else pathlib.Path(workspace.folder("maps"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.chmod(folder, 0o777)
    domains = [CUSTOMER.partition("@")[2]] + [f"customer-{number}.example" for number in range(1, customers)]
    (folder / "phrases").write_text("".join(phrase + "\n" for phrase in phrases))
    (folder / "subjects.map").write_text("".join(f"/{phrase}/i\n" for phrase in phrases))
    (folder / "domains.map").write_text("".join(domain + "\n" for domain in domains))
    return folder


def opendkim(workspace, _folder):
    key = ROOT / "root" / "key.pem"  # nobody else may see into its folder
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    return Peer(workspace, "opendkim", ["opendkim", "-f", "-p", "local:/run/peers/opendkim.sock", "-d", "vendor.example", "-s", "bench",
                                        "-k", "/root/key.pem", "-b", "s", "-u", "root"])


def rspamd(workspace, folder):
    (folder / "rspamd.conf").write_text(RSPAMD.format(workers=os.cpu_count()))
    return Peer(workspace, "rspamd", ["rspamd", "-f", "-i", "-u", "_rspamd", "-g", "_rspamd", "-c", "/run/peers/rspamd.conf"])


def mimedefang(workspace, folder):
    (folder / "filter").write_text(MIMEDEFANG)
    spool = ROOT / "var" / "spool" / "MIMEDefang"
    spool.mkdir(parents=True, exist_ok=True)
    for path in (folder / "filter", spool):
        shutil.chown(path, "nobody")
    return Peer(workspace, "mimedefang",
                ["mimedefang-multiplexor", "-D", "-U", "nobody", "-E", "-m", "2", "-x", "64", "-s", "/run/peers/mx.sock", "-f",
                 "/usr/bin/mimedefang.pl", "-F", "/run/peers/filter"],
                ["mimedefang", "-D", "-U", "nobody", "-m", "/run/peers/mx.sock", "-p", "/run/peers/mimedefang.sock", "-r"])


def lanes_of(workspace, options, postfix):
    """All that is measured, by name, with the port of its listener."""
    phrases = phrases_of(options.phrases)
    directory = os.path.join(workspace.folder("data"), "directory.jsonl")
    write_directory(directory, options.customers)
    folder = write_maps(workspace, options, phrases, options.customers)
    checks = os.path.join(workspace.folder("data"), "header_checks")
    with open(checks, "w", encoding="utf-8") as file:
        file.write("".join(f"/^Subject:.*{phrase}/ REJECT {REFUSAL}\n" for phrase in phrases))
    postfix.service(f"cleanup-checks unix n - n - 0 cleanup\n  -o {{ header_checks = regexp:{checks} }}\n")
    makers = {
        "no filter": lambda: Nothing("no filter"),
        "no-op": lambda: Ours("no-op", Noop(workspace, "noop", os.path.join(options.build, "tests", "bench", "noop"))),
        "csp-milter monitor": lambda: csp(workspace, options, "csp-milter monitor", "monitor", phrases, directory),
        "csp-milter": lambda: csp(workspace, options, "csp-milter", "enforce", phrases, directory),
        "header_checks": lambda: Nothing("header_checks", "cleanup_service_name=cleanup-checks"),
        "opendkim": lambda: opendkim(workspace, folder),
        "rspamd": lambda: rspamd(workspace, folder),
        "mimedefang": lambda: mimedefang(workspace, folder),
    }
    lanes = {}
    for name, make in makers.items():
        if options.only and name not in options.only:
            continue
        made = make()
        lanes[name] = (made, postfix.listen(name.replace(" ", "-"), made.milter, *getattr(made, "options", ()),
                                            "smtpd_error_sleep_time=0", "smtpd_soft_error_limit=1000000", "smtpd_hard_error_limit=1000000"))
    return lanes


def session_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        words = stat.read().rpartition(")")[2].split()
    return int(words[3]), (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"), int(words[21]) * os.sysconf("SC_PAGE_SIZE")


def usage(made):
    """Processor time in seconds and memory in octets of a filter's processes and their children."""
    sessions = {process.pid for process in made.processes}
    seconds = memory = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                session, used, resident = session_of(name)
            except OSError:
                continue
            if session in sessions:
                seconds, memory = seconds + used, memory + resident
    return seconds, memory


def send(port, kind, sessions, messages):
    """Messages a second, and what was answered at the end of a last one."""
    prefix = installation(UNPACKED)
    begun = time.perf_counter()
    done = subprocess.run([f"{prefix}/usr/sbin/smtp-source", "-A", "-s", str(sessions), "-m", str(messages), "-l", "1000", "-S", SUBJECTS[kind],
                           "-f", AUTHOR, "-t", CUSTOMER, f"127.0.0.1:{port}"],
                          capture_output=True, text=True, timeout=1200, check=False,
                          env={**os.environ, "LD_LIBRARY_PATH": f"{prefix}/usr/lib/postfix"})
    if done.returncode != 0:
        raise RigError(f"smtp-source: status {done.returncode}: {done.stderr.strip()[-500:]}")
    refused = done.stderr.count(REFUSAL)
    return messages / (time.perf_counter() - begun), refused


def measure(lanes, options, sessions):
    figures = {(name, kind): {"share": [], "rate": [], "cpu": []} for name in lanes for kind in SUBJECTS}
    for _ in range(options.rounds):
        rates, order = {}, list(lanes)
        random.shuffle(order)
        for name in order:
            made, port = lanes[name]
            for kind in SUBJECTS:
                before = usage(made)[0]
                rate, refused = send(port, kind, sessions, options.messages)
                expected = options.messages if kind == "refuse" and name in REFUSERS else 0
                if refused != expected:
                    raise RigError(f"{name}, {kind}: {refused} of {options.messages} refused, expected {expected}")
                rates[name, kind] = rate
                figures[name, kind]["cpu"].append((usage(made)[0] - before) * 1000 / options.messages)
        for (name, kind), rate in rates.items():
            figures[name, kind]["rate"].append(rate)
            if ("no filter", "pass") in rates:
                figures[name, kind]["share"].append(rate / rates["no filter", "pass"])
    return figures


def show(lanes, figures, sessions):
    print(f"\n{sessions} sessions\n{'filter':22}{'message':9}{'rate/none':>10}  {'95 %':16}{'msg/s':>8}{'CPU ms/msg':>12}{'memory MB':>11}")
    for (name, kind), found in figures.items():
        low, high = interval(found["share"]) if found["share"] else (0, 0)
        share = statistics.median(found["share"]) if found["share"] else 0
        cpu = f"{statistics.median(found['cpu']):.3f}" if lanes[name][0].processes else "-"
        memory = f"{usage(lanes[name][0])[1] / 1e6:.0f}" if lanes[name][0].processes else "-"
        print(f"{name:22}{kind:9}{share:10.3f}  [{low:.3f}, {high:.3f}]  {statistics.median(found['rate']):8.0f}{cpu:>12}{memory:>11}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(SOURCE / "build" / "release"), type=os.path.abspath, help="where the programs are")
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--phrases", type=int, default=1000)
    parser.add_argument("--sessions", default="1,8,64")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--messages", type=int, default=500, help="of each kind, for each filter and round")
    parser.add_argument("--only", type=lambda text: text.split(","), help="measure these alone")
    options = parser.parse_args()
    if os.getuid() != 0:
        print("skipped: Postfix runs as root only")
        return SKIPPED
    subprocess.run(["sh", SOURCE / "packaging" / "deps.sh", "servers"], check=True)
    if needs_root(options):
        make_root()
    try:
        with Workspace() as workspace:
            postfix = Postfix(workspace, UNPACKED, "discard:")
            lanes = lanes_of(workspace, options, postfix)
            postfix.start()
            print(f"{options.customers} customers, {options.phrases} phrases, {options.rounds} rounds of {options.messages} messages of each kind")
            for sessions in map(int, options.sessions.split(",")):
                for made, port in lanes.values():
                    send(port, "pass", sessions, 50)
                show(lanes, measure(lanes, options, sessions), sessions)
    except RigError as error:
        print(f"peers: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
