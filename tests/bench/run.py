#!/usr/bin/env python3
"""csp-milter against a no-op filter, in interleaved rounds, and both behind one session of a real Postfix.

usage: run.py [--build FOLDER] [--rounds N] [--messages N] [--sessions N] [--customers N] [--phrases N] [--smoke]

Figures are ratios of csp-milter to a no-op filter that ran in the same round; the row "no-op again" is a second no-op
filter against the first, so it shows what the machine's own noise is. Median, and the interval that holds the median
with 95 % confidence. Exit status 0, 1 when something did not work, 77 when not run by root.
"""

import argparse
import json
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "mta"))

from rig.milter import Filter, Noop  # noqa: E402
from rig.postfix import Postfix  # noqa: E402
from rig.workspace import RigError, Workspace  # noqa: E402

SKIPPED = 77
VENDOR = "127.0.0.13"
AUTHOR = "microsoft-noreply@microsoft.com"
CUSTOMER = "anna@bench-customer.example"
FLAG_HEADER = "X-CSP-Policy: flag; id=aaaaaaaaaaaaaaaaaaaaaaaaaa"
REFUSAL = "550 5.7.1 Subscription mail to this customer must come from its partner of record (aaaaaaaaaaaaaaaaaaaaaaaaaa)"
SUBJECTS = {
    "pass": "Programme of the autumn conference",
    "flag": "Your subscription is about to expire",
    "reject": "Your Microsoft 365 subscription is about to expire",
}
PARTNER = {"type": "partner", "id": "7d3f2a10-51c4-4e0b-9a6e-0c1d5b8e2201", "name": "Bench", "aliases": ["5120001"],
           "domains": ["bench-partner.example"], "proofs": {"networks": ["127.0.0.11/32"]}}


def customer(number, domain):
    return {"type": "customer", "id": f"c0a80001-7b1f-4d52-8f3c-{number:012x}", "name": f"Customer {number}",
            "cloud": "commercial", "domains": [domain],
            "partners": [{"partner": "5120001", "role": "indirect-reseller"}], "direct_products": ["windows-server"]}


def write_directory(path, customers):
    with open(path, "w") as file:
        for entry in (PARTNER, customer(0, CUSTOMER.partition("@")[2])):
            file.write(json.dumps(entry) + "\n")
        for number in range(1, customers):
            file.write(json.dumps(customer(number, f"customer-{number}.example")) + "\n")


def write_pack(path, phrases):
    """Phrases that no message here has: they cost what unmatched phrases cost."""
    words = random.Random(1)
    lines = ["".join(words.choices("bcdfghklmnprst", k=8)) + " " + "".join(words.choices("aeioulmn", k=7))
             for _ in range(phrases)]
    listed = ", ".join(f'"{line}"' for line in lines)
    with open(path, "w") as file:
        file.write(f'phrases = ( {{ category = "operational"; meaning = "bench"; phrases = [ {listed} ]; }} );\n')


class Bench:
    """The filters under test and what drives them."""

    def __init__(self, options, workspace, state):
        self._options = options
        self._workspace = workspace
        self._state = state
        self._conf = self._prepare_conf()
        self._directory = os.path.join(state, "directory.jsonl")
        write_directory(self._directory, options.customers)

    def _prepare_conf(self):
        conf = os.path.join(self._state, "conf")
        subprocess.run(["cp", "-r", os.path.join(SOURCE, "conf"), conf], check=True)
        if self._options.phrases:
            write_pack(os.path.join(conf, "packs", "zz-bench.conf"), self._options.phrases)
        return conf

    def program(self, name):
        return os.path.join(self._options.build, "tests", "bench", name)

    def csp(self, name, inet):
        state = os.path.join(self._state, name)
        os.mkdir(state)
        milter = Filter(self._workspace, name, self._options.build, self._conf, inet=inet, state=state,
                        vendor_network=VENDOR + "/32")
        milter.import_directory(self._directory)
        return milter.start()

    def noop(self, name, *arguments, inet):
        return Noop(self._workspace, name, self.program("noop"), *arguments, inet=inet)

    def load(self, milter, kind, messages):
        """One run of the load client; messages a second."""
        run = subprocess.run(
            [self.program("load"), "-s", milter.endpoint.libmilter, "-c", str(self._options.sessions), "-m",
             str(max(1, messages // self._options.sessions)), "-e", kind, "-i", VENDOR, "-f", AUTHOR, "-F",
             f"<{AUTHOR}>", "-t", f"<{CUSTOMER}>", "-S", SUBJECTS[kind]],
            capture_output=True, text=True, timeout=600)
        if run.returncode != 0:
            raise RigError(f"load, {kind}: status {run.returncode}: {run.stderr.strip()}")
        return float(dict(word.split("=") for word in run.stdout.split())["rate"])

    def record_size(self, milter):
        """What a refusal's record takes in the journal."""
        before = os.path.getsize(milter.journal) if os.path.exists(milter.journal) else 0
        self.load(milter, "reject", self._options.sessions)
        return (os.path.getsize(milter.journal) - before) // self._options.sessions

    def yardstick(self, kind, name, csp, inet):
        """A no-op filter that does the same to the MTA and to the disk as csp-milter does, short of deciding."""
        if kind == "flag":
            return self.noop(name, "-a", FLAG_HEADER, inet=inet)
        if kind == "reject":
            return self.noop(name, "-r", REFUSAL, "-j", os.path.join(self._state, name), "-b",
                             str(self.record_size(csp)), inet=inet)
        return self.noop(name, inet=inet)

    def throughput(self, kind, inet):
        """Ratios of csp-milter and of the second no-op filter to the first, one a round."""
        words = f"{kind}-{'inet' if inet else 'unix'}"
        csp = self.csp("csp-" + words, inet)
        runners = {"csp": csp, "a": self.yardstick(kind, "a-" + words, csp, inet),
                   "b": self.yardstick(kind, "b-" + words, csp, inet)}
        for milter in runners.values():
            self.load(milter, kind, self._options.messages // 4)
        rounds = rounds_of(runners, self._options.rounds,
                           lambda milter: self.load(milter, kind, self._options.messages))
        for milter in runners.values():
            milter.process.stop()
        return [r["csp"] / r["a"] for r in rounds], [r["b"] / r["a"] for r in rounds]


def rounds_of(runners, count, measure):
    """One measurement of each runner a round, the order changing from round to round."""
    rounds = []
    order = list(runners)
    for _ in range(count):
        random.shuffle(order)
        rounds.append({name: measure(runners[name]) for name in order})
    return rounds


def interval(values):
    """The order statistics that hold the median with 95 % confidence, from the binomial distribution."""
    ordered = sorted(values)
    count = len(ordered)
    low, tail = 0, 0.5 ** count
    while tail + math.comb(count, low + 1) * 0.5 ** count <= 0.025:
        low += 1
        tail += math.comb(count, low) * 0.5 ** count
    return ordered[low], ordered[count - 1 - low]


def row(name, values, unit=""):
    low, high = interval(values)
    print(f"{name:44} {statistics.median(values):7.3f}{unit}  [{low:.3f}, {high:.3f}]", flush=True)


class Session:
    """One SMTP session that waits for every reply, as a careful client does."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), source_address=(VENDOR, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._replies = self._socket.makefile("rb")
        self._expect(b"2")
        self._say(b"HELO client.example", b"2")

    def _expect(self, wanted):
        line = self._replies.readline()
        while line[3:4] == b"-":
            line = self._replies.readline()
        if not line.startswith(wanted):
            raise RigError(f"SMTP reply {line!r}")

    def _say(self, text, wanted):
        self._socket.sendall(text + b"\r\n")
        self._expect(wanted)

    def message(self, number):
        self._say(f"MAIL FROM:<{AUTHOR}>".encode(), b"250")
        self._say(f"RCPT TO:<{CUSTOMER}>".encode(), b"250")
        self._say(b"DATA", b"354")
        self._say(f"From: {AUTHOR}\r\nTo: {CUSTOMER}\r\nSubject: {SUBJECTS['flag']}\r\nMessage-ID: <{number}@bench.example>"
                  f"\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n.".encode(), b"250")

    def close(self):
        self._say(b"QUIT", b"221")
        self._socket.close()


def milliseconds(port, messages):
    session = Session(port)
    start = time.perf_counter()
    for number in range(messages):
        session.message(number)
    taken = time.perf_counter() - start
    session.close()
    return taken * 1000 / messages


def stall(bench, options, workspace):
    """Every message gets a header, over one SMTP session: what each filter adds to a real Postfix."""
    filters = {
        "no-op, unix": bench.noop("stall-a", "-a", FLAG_HEADER, inet=False),
        "no-op again, unix": bench.noop("stall-b", "-a", FLAG_HEADER, inet=False),
        "csp-milter, unix": bench.csp("stall-unix", False),
        "no-op, inet": bench.noop("stall-c", "-a", FLAG_HEADER, inet=True),
        "no-op again, inet": bench.noop("stall-d", "-a", FLAG_HEADER, inet=True),
        "csp-milter, inet": bench.csp("stall-inet", True),
        "libmilter as it comes, inet": bench.noop("stall-plain", "-p", "-a", FLAG_HEADER, inet=True),
    }
    unpacked = os.path.join(SOURCE, "build", "mta", "postfix")
    postfix = Postfix(workspace, unpacked, "discard:")
    ports = {"no filter": postfix.listen("none")}
    for name, milter in filters.items():
        ports[name] = postfix.listen(name.replace(" ", "-").replace(",", ""), milter.endpoint.postfix)
    postfix.start()
    each = max(1, options.stall_messages // options.rounds)
    for port in ports.values():
        milliseconds(port, 5)
    rounds = rounds_of(ports, options.rounds, lambda port: milliseconds(port, each))
    print(f"\nA real Postfix, one session, a header added to each of {each * options.rounds} messages:")
    for name in ports:
        row(name, [r[name] for r in rounds], " ms")
    print()
    for kind in ("unix", "inet"):
        for name in ("no-op again", "csp-milter"):
            row(f"{name} / no-op, {kind}", [r[f"{name}, {kind}"] / r[f"no-op, {kind}"] for r in rounds])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE, "build", "dev"), type=os.path.abspath, help="where the programs are")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--messages", type=int, default=4000, help="a run of the load client")
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--stall-messages", type=int, default=500)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--phrases", type=int, default=0, help="besides the shipped ones")
    parser.add_argument("--smoke", action="store_true", help="a few messages: only whether all of it works")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.messages, options.stall_messages = 2, 80, 20
    return options


def measure(options, workspace, state):
    bench = Bench(options, workspace, state)
    print(f"Messages a second over the milter protocol, {options.sessions} sessions, {options.customers} customers, "
          f"{options.rounds} rounds:")
    for kind in SUBJECTS:
        for inet in (False, True):
            words = f"{kind}, {'inet' if inet else 'unix'}"
            ratios, noise = bench.throughput(kind, inet)
            row(f"no-op again / no-op: {words}", noise)
            row(f"csp-milter / no-op: {words}", ratios)
    stall(bench, options, workspace)


def main():
    options = arguments()
    if os.getuid() != 0:
        print("skipped: Postfix runs as root only")
        return SKIPPED
    subprocess.run(["sh", os.path.join(SOURCE, "packaging", "deps.sh"), "servers"], check=True)
    try:
        with Workspace() as workspace, tempfile.TemporaryDirectory(dir=options.build) as state:
            measure(options, workspace, state)
    except RigError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
