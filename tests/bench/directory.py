#!/usr/bin/env python3
"""The customer directory with many customers: imports, look-ups, messages, updates.

usage: directory.py [--build FOLDER] [--customers N,N...] [--rounds N] [--messages N] [--lookups N] [--quick]

For every number of customers (1000, 100000 and 10000000 unless said) it makes them up and prints, beside the targets:
how long an import takes and how much memory, from each format into a fresh folder; what a look-up takes, from one
thread and from two, in peace and while a writer updates without a pause; messages a second of the daemon against one
with 1,000 customers ("1,000 again" is a second such daemon: the machine's own noise); the slowest message while an
import runs, and what it is in peace and when the cores are merely busy; and how soon mail sees an update. Medians of
interleaved rounds; of more than a million customers each import is done once. --quick: 1000 and 20000 customers and
little of everything, whether all of it works.

The files are made below FOLDER and removed; ten million customers take 20 GB there. Needs no root. Exit status 0, 1
when something did not work.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path += [os.path.join(SOURCE, "tests", "mta"), os.path.join(SOURCE, "tests", "milter")]

from protocol import Client  # noqa: E402
from rig.milter import Filter  # noqa: E402
from rig.workspace import RigError, Workspace  # noqa: E402
from run import AUTHOR, SUBJECTS, VENDOR, interval, rounds_of  # noqa: E402

BYTES_PER_CUSTOMER = 2000  # of disk: a file, its directory, a second one, and what sorting takes
ONE_ROUND_FROM = 1000001
SAMPLE_SECONDS = 0.01
CALM_SECONDS = 5
BASE = 1000
SOURCE_OPTION = ["--source", "bench"]
PARTNER = ["--partner", "5120001", "--role", "indirect-reseller"]
KINDS = {"first-touch": "hit by domain, page not mapped yet", "domain": "hit by domain", "subdomain": "hit by sub-domain flag",
         "address": "hit by address", "miss": "miss", "begin-end": "begin and end of a message's transaction",
         "message": "one hit with its transaction"}


def say(name, value, target=""):
    print(f"  {name:58} {value:>26}  {target}".rstrip(), flush=True)


def say_ratios(name, values, target=""):
    low, high = interval(values)
    say(name, f"{statistics.median(values):.3f} [{low:.3f}, {high:.3f}]", target)


def megabytes(count):
    return f"{count / 1e6:.{0 if count >= 1e8 else 1}f} MB"


class Refused(Exception):
    """The program does not take it, and what it says."""


class Run:
    """A program to its end: wall time, ru_maxrss, and the peak of RssAnon as sampled while it ran.

    The kernel counts what this script takes into ru_maxrss: it is never below some 20 MB.
    """

    def __init__(self, argv):
        start = time.perf_counter()
        self._child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._ended = threading.Event()
        self._errors = ""
        self.anonymous = 0
        threads = [threading.Thread(target=work) for work in (self._sample, self._read_errors)]
        for thread in threads:
            thread.start()
        try:
            self.output = self._child.stdout.read()
            _, status, usage = os.wait4(self._child.pid, 0)
        except BaseException:
            self._child.kill()
            raise
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()
        self.seconds = time.perf_counter() - start
        self.resident = usage.ru_maxrss * 1024
        self._child.returncode = os.waitstatus_to_exitcode(status)
        self._child.stdout.close()
        if self._child.returncode != 0:
            raise Refused(f"status {self._child.returncode}: {self._errors.partition(chr(10))[0][-120:]}")

    def _sample(self):
        while not self._ended.wait(SAMPLE_SECONDS):
            self.anonymous = max(self.anonymous, anonymous_of(self._child.pid))

    def _read_errors(self):
        with self._child.stderr as stderr:
            self._errors = stderr.read()


def anonymous_of(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            lines = [line for line in status if line.startswith("RssAnon:")]
    except OSError:
        return 0
    return int(lines[0].split()[1]) * 1024 if lines else 0


class Bench:
    """One number of customers: its files, its directory, and the daemons over it."""

    def __init__(self, options, workspace, folder, customers):
        self._options = options
        self._workspace = workspace
        self._folder = folder
        self.customers = customers
        self.rounds = 1 if customers >= ONE_ROUND_FROM else min(3, options.rounds)

    def path(self, *names):
        return os.path.join(self._folder, *names)

    def _bench(self, name):
        return os.path.join(self._options.build, "tests", "bench", name)

    def _ctl(self, *arguments):
        return Run([os.path.join(self._options.build, "csp-milterctl"), "directory", *arguments])

    def make(self, form, *arguments, customers=None):
        """A file of made-up customers; its path."""
        path = self.path(form)
        with open(path, "wb") as file:
            subprocess.run([self._bench("customers"), form, str(customers or self.customers), *arguments], stdout=file,
                           check=True)
        return path

    def import_into(self, place, file, *arguments):
        run = self._ctl("import", "--json", "--path", self.path(place), *(arguments or SOURCE_OPTION), file)
        summary = json.loads(run.output)
        if summary["refused"]:
            raise Refused(f"{summary['refused']} rows of {file}")
        run.taken = summary["customers"]
        return run

    def _time_imports(self, name, file, arguments, target):
        """The directory of the last round stays, in the folder "directory"."""
        runs = []
        for _ in range(self.rounds):
            shutil.rmtree(self.path("directory"), ignore_errors=True)
            runs.append(self.import_into("directory", file, *arguments))
        if runs[-1].taken != self.customers:
            raise RigError(f"{name}: {runs[-1].taken} customers went in")
        say(f"import from {name} ({megabytes(os.path.getsize(file))})", f"{statistics.median(run.seconds for run in runs):.2f} s",
            target if self.customers >= 10000000 else "")
        say("  its peak memory: ru_maxrss, RssAnon",
            f"{megabytes(max(run.resident for run in runs))}, {megabytes(max(run.anonymous for run in runs))}", "<= 500 MB")
        os.remove(file)

    def imports(self):
        """Our own lines come last: they say more than the other formats, and what follows asks about that."""
        self._time_imports("Customers.csv", self.make("csv"), SOURCE_OPTION + PARTNER, "")
        self._time_imports("Partner Center's JSON", self.make("rest"), SOURCE_OPTION + PARTNER, "<= 90 s")
        self._time_imports("our JSON Lines", self.make("jsonl"), SOURCE_OPTION, "<= 90 s")
        say("data.mdb", megabytes(os.path.getsize(self.path("directory", "data.mdb"))))
        file = self.path("packed")
        say("export --packed", f"{self._ctl('export', '--packed', '--path', self.path('directory'), file).seconds:.2f} s")
        self._time_imports("that export", file, ["--replace-all"], "<= 20 s")
        say("verify", f"{self._ctl('verify', '--path', self.path('directory')).seconds:.2f} s")

    # ---- look-ups ----

    def _lookup(self, *arguments):
        """Nanoseconds by kind, and updates a second."""
        run = Run([self._bench("lookup"), "-n", str(self._options.lookups), *arguments, self.path("directory"),
                   str(self.customers)])
        lines = [dict(word.split("=") for word in line.split()) for line in run.output.splitlines()]
        figures = {line["kind"]: float(line["ns"]) for line in lines if "kind" in line}
        figures["updates"] = float(lines[-1]["updates"]) / float(lines[-1]["seconds"])
        return figures

    def lookups(self):
        ways = {"1 thread": [], "2 threads": ["-t", "2"], "1 and a writer": ["-w"], "2 and a writer": ["-t", "2", "-w"]}
        rounds = rounds_of(ways, min(5, self._options.rounds), lambda arguments: self._lookup(*arguments))
        print(f"  {'look-ups, ns each':42} " + " ".join(f"{way:>14}" for way in ways))
        for kind, words in KINDS.items():
            figures = [statistics.median(r[way][kind] for r in rounds) for way in ways]
            target = "  <= 3000 (10000000 customers)" if kind == "domain" else ""
            print(f"  {words:42} " + " ".join(f"{figure:14.0f}" for figure in figures) + target)
        updates = statistics.median(r["2 and a writer"]["updates"] for r in rounds)
        say("updates of one customer, one after another", f"{updates:.0f} a second", "of that writer, beside two readers")

    # ---- the daemon ----

    def daemon(self, name, place):
        """A daemon over the directory in that folder."""
        state = self.path(name)
        os.mkdir(state)
        os.symlink(self.path(place), os.path.join(state, "directory"))
        return Filter(self._workspace, name, self._options.build, self.path("conf"), state=state,
                      vendor_network=VENDOR + "/32").start()

    def recipients(self, customers, count):
        """Files of recipients, each of `messages` addresses, all different."""
        with open(self.make("recipients", str(self._options.messages * count), customers=customers)) as file:
            lines = file.readlines()
        paths = []
        for number in range(count):
            paths.append(self.path(f"recipients-{customers}-{number}"))
            with open(paths[-1], "w") as file:
                file.writelines(lines[number * self._options.messages:(number + 1) * self._options.messages])
        return paths

    def load(self, milter, kind, recipients, messages):
        """What the load client measured over a run: rate, max_us and others."""
        sessions = self._options.sessions
        run = Run([self._bench("load"), "-s", milter.endpoint.libmilter, "-c", str(sessions), "-m",
                   str(max(1, messages // sessions)), "-e", kind, "-i", VENDOR, "-f", AUTHOR, "-F", f"<{AUTHOR}>",
                   "-r", recipients, "-S", SUBJECTS[kind]])
        return {name: float(value) for name, value in (word.split("=") for word in run.output.split())}

    def rates(self, many, few):
        """Messages a second; every round has recipients that nobody wrote to before."""
        runners = {"many": (many, self.recipients(self.customers, self._options.rounds + 1))}
        base = self.recipients(BASE, self._options.rounds + 1)
        for name, milter in zip(("few", "again"), few):
            runners[name] = (milter, base)
        for kind in ("pass", "flag"):
            left = {name: list(files) for name, (_, files) in runners.items()}

            def rate(name):
                return self.load(runners[name][0], kind, left[name].pop(), self._options.messages)["rate"]

            for name in runners:
                rate(name)
            rounds = rounds_of({name: name for name in runners}, self._options.rounds, rate)
            say_ratios(f"messages a second, {kind}: 1,000 again / 1,000", [r["again"] / r["few"] for r in rounds])
            say_ratios(f"messages a second, {kind}: {self.customers:,} / 1,000", [r["many"] / r["few"] for r in rounds],
                       ">= 0.95")
        say("the daemon's memory, RssAnon", megabytes(anonymous_of(many.process.pid)), "<= 64 MB")

    def _say_slowest(self, when, milter, ended, target=""):
        """The slowest message, and the 99th of a hundred in the run of the load client that was slowest by that."""
        recipients, runs = self.path(f"recipients-{self.customers}-0"), []
        while not ended():
            runs.append(self.load(milter, "flag", recipients, min(800, self._options.messages)))
        slowest, percentile = (max(run[name] for run in runs) / 1000 for name in ("max_us", "p99_us"))
        say(f"slowest message {when}", f"{slowest:.1f} ms (p99 {percentile:.1f})", target)

    def slowest(self, milter):
        """An import takes the cores from the mail as anything busy does, so that is measured, too."""
        file = self.make("jsonl")
        os.sync()

        def after(seconds):
            end = time.monotonic() + min(seconds, self._options.rounds)
            return lambda: time.monotonic() > end

        self._say_slowest("in peace", milter, after(CALM_SECONDS))
        busy = [self._workspace.spawn("busy", ["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count() + 1)]
        self._say_slowest("beside a busy loop more than there are cores", milter, after(CALM_SECONDS))
        for loop in busy:
            loop.stop()
        failures = []

        def run_import():
            try:
                self.import_into("directory", file)
            except Refused as why:
                failures.append(why)

        importer = threading.Thread(target=run_import)
        importer.start()
        self._say_slowest(f"while {self.customers:,} customers are imported", milter, lambda: not importer.is_alive(), "<= 50 ms")
        importer.join()
        os.remove(file)
        if failures:
            raise RigError(f"import beside messages: {failures[0]}")

    def _verdict_is_there(self, client, domain):
        answer = client.message(sender=f"<{AUTHOR}>", rcpts=[f"<anna@{domain}>"],
                                headers=[("From", AUTHOR), ("To", f"anna@{domain}"), ("Subject", SUBJECTS["flag"])])
        return bool(answer.changes)

    def visible(self, milter):
        imports, delays = [], []
        with Client(socket.AF_UNIX, milter.endpoint.path) as client:
            client.negotiate()
            client.connect(address=VENDOR)
            client.helo()
            for number in range(min(5, self._options.rounds)):
                domain = f"new-{number}.example"
                file = self.make("one", domain)
                if self._verdict_is_there(client, domain):
                    raise RigError("an update is there before it was made")
                imports.append(self.import_into("directory", file).seconds)
                start = time.perf_counter()
                while not self._verdict_is_there(client, domain):
                    if time.perf_counter() > start + 10:
                        raise RigError("an update is not there after 10 s")
                delays.append(time.perf_counter() - start)
        say("import of one customer", f"{statistics.median(imports) * 1000:.1f} ms")
        say("from its end until a message was judged by it", f"{max(delays) * 1000:.1f} ms", "<= 1000 ms")

    def run(self):
        print(f"\n{self.customers:,} customers:")
        self.imports()
        self.lookups()
        self.import_into("base", self.make("jsonl", customers=BASE))
        subprocess.run(["cp", "-r", os.path.join(SOURCE, "conf"), self.path("conf")], check=True)
        many = self.daemon("many", "directory")
        few = [self.daemon(name, "base") for name in ("few", "again")]
        self.rates(many, few)
        self.slowest(many)
        self.visible(many)
        for milter in (many, *few):
            milter.stop()


def check_room(options):
    needed = max(options.customers) * BYTES_PER_CUSTOMER
    free = shutil.disk_usage(options.build).free
    if needed > free:
        raise RigError(f"{options.build}: {megabytes(free)} are free, {megabytes(needed)} needed: take fewer --customers or "
                       "another --build")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE, "build", "dev"), type=os.path.abspath, help="where the programs are")
    parser.add_argument("--customers", default="1000,100000,10000000", help="how many, one number after another")
    parser.add_argument("--rounds", type=int, default=20, help="of messages; at most 5 of look-ups and 3 of imports")
    parser.add_argument("--messages", type=int, default=4000, help="a run of the load client")
    parser.add_argument("--lookups", type=int, default=100000, help="of each kind, a thread and round")
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="little of everything: only whether all of it works")
    options = parser.parse_args()
    if options.quick:
        options.customers, options.rounds, options.messages, options.lookups = "1000,20000", 2, 160, 1000
    options.customers = [int(number) for number in options.customers.split(",")]
    if min(options.customers) < BASE:
        parser.error(f"--customers: at least {BASE}")
    return options


def main():
    options = arguments()
    parent = "/run" if os.getuid() == 0 else tempfile.gettempdir()
    try:
        check_room(options)
        for customers in options.customers:
            with Workspace(parent) as workspace, tempfile.TemporaryDirectory(dir=options.build) as folder:
                Bench(options, workspace, folder, customers).run()
    except (RigError, Refused) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
