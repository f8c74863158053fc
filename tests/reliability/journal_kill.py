#!/usr/bin/env python3
"""The filter is killed (SIGKILL) at random moments under load through a real Postfix: no answered block lacks its record.

usage: journal_kill.py [--build FOLDER] [--kills N] [--sessions N] [--seed N] [--drop]

After all kills every message that Postfix refused with a decision's id has a record with that id, no id stands in two records, and every
line of the journal but those that a kill cut short is whole. --drop: with each kill goes what was not synced, as by a power cut: the
end of the journal behind its last fdatasync, and a file whose folder was not synced. Exit status 0, 1 when that does not hold, 77 when not run by root.
"""

import argparse
import json
import os
import random
import re
import signal
import smtplib
import sys
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "mta"))

# pylint: disable=wrong-import-position
from rig.cases import ANNA, DIRECTORY, VENDOR, case  # noqa: E402
from rig.client import Client  # noqa: E402
from rig.crowd import Crowd  # noqa: E402
from rig.milter import Filter  # noqa: E402
from rig.postfix import Postfix  # noqa: E402
from rig.workspace import Workspace  # noqa: E402

SKIPPED = 77
UNPACKED = os.path.join(SOURCE, "build", "mta")
BLOCKED = case("blocked", VENDOR, "microsoft-noreply@microsoft.com", "Your Microsoft 365 subscription is about to expire",
               {ANNA: ("block", "subscription")})
REFUSED = re.compile(r"550 5\.7\.1 .*\(([0-9a-z]{26})\)")


class Load(Crowd):
    """Sessions that send blocked messages one after another until they are told to stop; what each was answered is kept."""

    def __init__(self, port, sessions):
        super().__init__(sessions)
        self._port = port
        self.refused, self.deferred, self.other = [], 0, []

    def _take(self, reply):
        with self._lock:
            if match := REFUSED.fullmatch(reply):
                self.refused.append(match[1])
            elif reply.startswith("4"):
                self.deferred += 1
            else:
                self.other.append(reply)

    def _session(self, number):
        """A session that met the filter's end is answered 451 until it is over: so it is over after each such answer."""
        with Client(self._port, VENDOR) as client:
            while not self._stop.is_set():
                reply = client.send(BLOCKED.author, BLOCKED.recipients, BLOCKED.message(f"<{number}.{time.monotonic_ns()}@test.example>"))
                self._take(reply)
                if not REFUSED.fullmatch(reply):
                    return

    def _run(self, number):
        while not self._stop.is_set():
            try:
                self._session(number)
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)


class Disk:
    """What a power cut leaves of the journal; `notes` is what the library under the daemon wrote."""

    def __init__(self, notes):
        self._notes = notes
        self.dropped = 0

    def _durable(self, inode):
        """Octets of a file that are on disk; None when its name is not."""
        size, named = 0, True
        with open(self._notes, encoding="utf-8") as notes:
            for line in notes:
                words = line.split()
                if words == ["made", str(inode)]:
                    size, named = 0, False
                elif words == ["folder"]:
                    named = True
                elif words[0] == str(inode):
                    size = max(size, int(words[1]))
        return size if named else None

    def cut_power(self, journal):
        if not os.path.exists(journal) or not os.path.exists(self._notes):
            return
        about = os.stat(journal)
        durable = self._durable(about.st_ino)
        if durable is None:
            os.unlink(journal)
        else:
            self.dropped += about.st_size - durable
            os.truncate(journal, durable)


def kill_and_restart(milter, source, disk):
    time.sleep(source.uniform(0, 0.5))
    milter.process.signal(signal.SIGKILL)
    milter.process.stop()
    if disk:
        disk.cut_power(milter.journal)
    milter.start()


def read_journal(path):
    """Ids of the whole records, and how many lines are none."""
    ids, torn = [], 0
    with open(path, "rb") as journal:
        for line in journal:
            try:
                ids.append(json.loads(line)["decision"])
            except (ValueError, KeyError):
                torn += 1
    return ids, torn


def judge(load, kills, path):
    ids, torn = read_journal(path)
    lost = set(load.refused) - set(ids)
    doubled = len(ids) - len(set(ids))
    print(f"{kills} kills: {len(load.refused)} refused, {load.deferred} deferred, {len(load.other)} answered otherwise; "
          f"{len(ids)} records, {torn} lines cut short, {len(lost)} lost, {doubled} double")
    if load.other:
        print(f"answered otherwise: {load.other[:3]}")
    return bool(load.refused) and not lost and not doubled and torn <= kills and not load.other


def run(options):
    with Workspace() as workspace:
        notes = os.path.join(workspace.folder("disk"), "durable")
        environment = {"LD_PRELOAD": os.path.join(options.build, "tests", "libdisk.so"), "CSP_DISK_FILE": "decisions.jsonl",
                       "CSP_DISK_DURABLE": notes} if options.drop else None
        disk = Disk(notes) if options.drop else None
        milter = Filter(workspace, "filter", options.build, os.path.join(SOURCE, "conf"), vendor_network=VENDOR + "/32", languages=["en"],
                        environment=environment)
        milter.import_directory(DIRECTORY)
        milter.start()
        postfix = Postfix(workspace, os.path.join(UNPACKED, "postfix"), "discard:")
        # Refusals are errors to Postfix, and it slows down whoever makes many.
        port = postfix.listen("filtered", milter.endpoint.postfix, "smtpd_error_sleep_time=0", "smtpd_soft_error_limit=100000",
                              "smtpd_hard_error_limit=100000")
        postfix.start()
        source = random.Random(options.seed)
        with Load(port, options.sessions) as load:
            for _ in range(options.kills):
                kill_and_restart(milter, source, disk)
            time.sleep(0.5)
        if disk:
            print(f"{disk.dropped} octets dropped that were not synced")
        return judge(load, options.kills, milter.journal)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE, "build", "dev"), help="where the programs are")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drop", action="store_true")
    options = parser.parse_args()
    if os.getuid() != 0:
        print("skipped: Postfix runs as root only")
        return SKIPPED
    return 0 if run(options) else 1


if __name__ == "__main__":
    sys.exit(main())
