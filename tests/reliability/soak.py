#!/usr/bin/env python3
"""Everything goes wrong at once, under load through a real Postfix, and every message is accounted for.

usage: soak.py [--build FOLDER] [--minutes M] [--sessions N] [--seed N]

Sessions send random messages, with recipients who pass, are flagged, redirected, quarantined or rejected, and send a message again until it is
taken or refused for good, as mail servers do. Meanwhile, in random order: the filter is killed (SIGKILL) and started again, reloads its
configuration, gets a new directory, has its journal rotated, finds the journal's disk full, and Postfix is killed and started again.

At the end each message that was taken is at the next hop, or held, for exactly the recipients that the policy says; each that was refused is
recorded and nowhere; and nothing arrived more often than connections were lost or Postfix was killed on the way. Exit status 0, 1 when that does not hold, 77 when not run by root.
"""

import argparse
import os
import random
import re
import signal
import smtplib
import subprocess
import sys
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "mta"))

# pylint: disable=wrong-import-position
import actions  # noqa: E402
from rig.cases import DIRECTORY, VENDOR  # noqa: E402
from rig.client import Client  # noqa: E402
from rig.crowd import Crowd  # noqa: E402
from rig.milter import Filter  # noqa: E402
from rig.postfix import Postfix  # noqa: E402
from rig.sink import Sink  # noqa: E402
from rig.workspace import Workspace, wait_until  # noqa: E402

SKIPPED = 77
UNPACKED = os.path.join(SOURCE, "build", "mta", "postfix")
MIXED = "split"
DISK = "16m"
REFUSED = re.compile(r"550 5\.7\.1 .*\(([0-9a-z]{26})\)", re.DOTALL)


def random_kinds(source):
    """Without those that are told to come back for ever."""
    while True:
        kinds = {to: kind for to, kind in actions.random_kinds(source).items() if kind != "tempfail"}
        if kinds:
            return kinds


class Message:
    """One message and what became of each try: replies, or "lost" where the connection ended before one."""

    def __init__(self, identity, kinds):
        self.identity, self.kinds, self.tries = identity, kinds, []
        self.outcome = actions.outcome_of(kinds, MIXED)

    @property
    def answered(self):
        return bool(self.tries) and self.tries[-1][:1] in "25"

    @property
    def lost(self):
        return self.tries.count("lost")


class Load(Crowd):
    """Sessions that send until they are told to stop, and then until each message has its answer."""

    def __init__(self, port, sessions, seed):
        super().__init__(sessions)
        self._port, self._seed, self.messages = port, seed, []

    def _try(self, client, message):
        """The client to go on with, or None when the connection is gone."""
        try:
            client = client or Client(self._port, VENDOR)
        except (OSError, smtplib.SMTPException):
            return None  # nothing was sent
        try:
            message.tries.append(client.send("office@vendor.example", list(message.kinds), actions.message_to(message.kinds, message.identity)))
        except (OSError, smtplib.SMTPException):
            message.tries.append("lost")
            return None
        # A session that met the filter's end is answered 451 until it is over.
        return client if message.answered else client.vanish()

    def _run(self, number):
        source, client, count = random.Random(self._seed * 1000 + number), None, 0
        while not self._stop.is_set():
            count += 1
            message = Message(f"<{number}.{count}@test.example>", random_kinds(source))
            with self._lock:
                self.messages.append(message)
            while not message.answered:
                client = self._try(client, message)
                if not client:
                    time.sleep(0.05)
        if client:
            client.vanish()


class Trouble:
    """What goes wrong, one thing after another."""

    def __init__(self, milter, postfix, disk, seed):
        self._milter, self._postfix, self._disk, self._source = milter, postfix, disk, random.Random(seed)
        self._rotated = 0
        self.kinds = {"kills": self._kill, "reloads": self._reload, "imports": self._import, "rotations": self._rotate,
                      "full disks": self._fill, "restarts of Postfix": self._restart}
        self.counts = dict.fromkeys(self.kinds, 0)

    def make(self):
        time.sleep(self._source.uniform(0, 1))
        kind = self._source.choice(list(self.kinds))
        self.kinds[kind]()
        self.counts[kind] += 1

    def _kill(self):
        self._milter.process.signal(signal.SIGKILL)
        self._milter.process.stop()
        self._milter.start()

    def _reload(self):
        self._milter.control("reload", "-c", self._milter.conf)

    def _import(self):
        self._milter.import_directory(DIRECTORY)

    def _rotate(self):
        self._rotated += 1
        os.rename(self._milter.journal, f"{self._milter.journal}.{self._rotated}")
        self._milter.process.signal(signal.SIGUSR1)
        wait_until("a new journal", lambda: os.path.exists(self._milter.journal), 30)

    def _fill(self):
        ballast = os.path.join(self._disk, "ballast")
        try:
            with open(ballast, "wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
        except OSError:
            pass
        time.sleep(self._source.uniform(0, 1))
        os.unlink(ballast)

    def _restart(self):
        self._postfix.kill()
        self._postfix.start()


def records_of(journal):
    """By message id: the decisions recorded. What a kill cut short is no record."""
    folder, name = os.path.split(journal)
    found = {}
    for each in os.listdir(folder):
        if each.startswith(name):
            for record in Filter.read_records(os.path.join(folder, each)):
                found.setdefault(record["message_id"], []).append(record)
    return found


def judge(messages, records, arrived, held, restarts):
    """What does not hold, in words. `arrived`: by message id, the recipients of each copy; `held`: recipients by queue id."""
    wrong = []
    for message in messages:
        copies, own, action = arrived.get(message.identity, []), records.get(message.identity, []), message.outcome.action
        where = f"{message.identity}, {action}, tries {message.tries}"
        odd = {record["action"] for record in own} - {action, "tempfail"}
        if odd:
            wrong.append(f"{where}: recorded as {odd}")
        refused = REFUSED.fullmatch(message.tries[-1])
        if bool(refused) != (action == "reject"):
            wrong.append(f"{where}: answered {message.tries[-1]}")
        if refused and refused[1] not in {record["decision"] for record in own}:
            wrong.append(f"{where}: no record {refused[1]}")
        wanted = set(message.outcome.recipients) if message.outcome.goes_on else set()
        if {to for copy in copies for to in copy} != wanted:
            wrong.append(f"{where}: arrived for {copies}, expected {sorted(wanted)}")
        for to in wanted:
            # A Postfix that is killed between a delivery and its note of it delivers again.
            if sum(to in copy for copy in copies) > 1 + message.lost + restarts:
                wrong.append(f"{where}: arrived more than once for {to}")
        if action == "quarantine":
            at = [held[record["queue_id"]] for record in own if record["queue_id"] in held]
            if not 1 <= len(at) <= 1 + message.lost or any(set(to) != set(message.outcome.recipients) for to in at):
                wrong.append(f"{where}: held for {at}")
    return wrong


def settle(postfix):
    """All that can be delivered is; what is left is held."""
    def waiting():
        postfix.command("postqueue", "-f")
        return [name for name in ("incoming", "active", "deferred") if postfix.queue(name)]
    wait_until("Postfix has delivered", lambda: not waiting(), 300)


def run(options, workspace, disk):
    sink = Sink(workspace.folder("sink"))
    milter = Filter(workspace, "filter", options.build, os.path.join(SOURCE, "conf"), vendor_network=VENDOR + "/32", languages=["en"], state=disk)
    milter.import_directory(DIRECTORY)
    milter.start()
    milter.set_policy(actions.policy(MIXED))
    postfix = Postfix(workspace, UNPACKED, f"smtp:[127.0.0.1]:{sink.port}")
    port = postfix.listen("filtered", milter.endpoint.postfix, "smtpd_error_sleep_time=0", "smtpd_soft_error_limit=1000000",
                          "smtpd_hard_error_limit=1000000")
    postfix.start()
    trouble, end = Trouble(milter, postfix, disk, options.seed), time.monotonic() + options.minutes * 60
    with Load(port, options.sessions, options.seed) as load:
        while time.monotonic() < end:
            trouble.make()
    settle(postfix)
    arrived = {}
    for stored in sink.all():
        arrived.setdefault(stored.message_id, []).append(stored.recipients)
    status = milter.stop()
    wrong = judge(load.messages, records_of(milter.journal), arrived, postfix.queue("hold"),
                  trouble.counts["restarts of Postfix"])
    counts = {}
    for message in load.messages:
        counts[message.outcome.action] = counts.get(message.outcome.action, 0) + 1
    print(f"{len(load.messages)} messages in {options.minutes} minutes: " + ", ".join(f"{count} {action}" for action, count in sorted(counts.items())))
    print("meanwhile " + ", ".join(f"{count} {kind}" for kind, count in trouble.counts.items()))
    deferred = sum(try_.startswith("4") for message in load.messages for try_ in message.tries)
    print(f"{deferred} times asked to come back, {sum(message.lost for message in load.messages)} connections lost, {len(wrong)} wrong")
    for text in wrong[:5]:
        print(text)
    return not wrong and status == 0 and len(load.messages) > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE, "build", "dev"), help="where the programs are")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if os.getuid() != 0:
        print("skipped: Postfix runs as root only")
        return SKIPPED
    with Workspace() as workspace:
        disk = workspace.folder("disk")
        # A small disk of its own, which can be full without harm to others.
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "csp-milter", disk], check=True)
        try:
            good = run(options, workspace, disk)
        finally:
            subprocess.run(["umount", "--lazy", disk], check=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
