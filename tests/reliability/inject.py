#!/usr/bin/env python3
"""Every call that the daemon makes for a message fails once: allocations, writes, syncs, opens, maps.

usage: inject.py --daemon PATH --ctl PATH --inject PATH [--seconds N]

For each kind of call and each message (one that passes, one that is flagged, one that is rejected, in enforce mode) the first such call fails, then
with another message the second, and so on until a message needs no more of them. The answer must be the right one, a temporary failure,
or no answer, which is one to a mail server; a rejection that was answered must be in the journal; and the next message must be judged
right. So with what goes on besides messages: reloads, a new journal, a new directory. --seconds bounds the time for each kind. Exit status 0, 1.
"""

import argparse
import mmap
import os
import pathlib
import signal
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "milter"))

# pylint: disable=wrong-import-position
from daemon import INCIDENT, OPERATIONAL, SUBSCRIPTION, Daemon, Programs, until  # noqa: E402
from hostility import action_of  # noqa: E402
from protocol import Gone  # noqa: E402

KINDS = ("memory", "write", "sync", "open", "map")
MESSAGES = {"accept": INCIDENT, "flag": OPERATIONAL, "reject": SUBSCRIPTION}


class Order:
    """What the library under the daemon is to let fail."""

    def __init__(self, path):
        with open(path, "wb") as file:
            file.write(bytes(24))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 24)

    def give(self, kind, number):
        self._map[:24] = struct.pack("qqq", 0, number, 0)
        self._map[:8] = struct.pack("q", KINDS.index(kind) + 1)

    def take_back(self):
        """How many calls were made."""
        self._map[:8] = struct.pack("q", 0)
        return struct.unpack("q", self._map[16:24])[0]


class Trial:
    def __init__(self, daemon, order, seconds):
        self._daemon, self._order, self._seconds = daemon, order, seconds
        self.answers, self.wrong = {}, []

    def _tell(self, what, text):
        self.wrong.append(f"{what}: {text}")

    def _message(self, headers):
        """The action, "tempfail", or "gone"; a session of its own."""
        try:
            with self._daemon.session() as mta:
                answer = mta.message(headers=headers)
        except (Gone, OSError, AssertionError):
            return "gone", None
        if answer.reply and answer.reply.startswith("4"):
            return "tempfail", None
        return action_of(answer), answer.reply

    def _judge(self, what, wanted, found, reply):
        self.answers[found] = self.answers.get(found, 0) + 1
        if found not in (wanted, "tempfail", "gone"):
            self._tell(what, f"answered {found}")
        if reply:
            decision = reply.rpartition("(")[2].rstrip(")")
            if decision not in {record["decision"] for record in self._daemon.decisions()}:
                self._tell(what, f"no record of {decision}")
        if self._daemon.process.poll() is not None:
            raise SystemExit(f"FAILED: {what}: the daemon ended with {self._daemon.process.returncode}\n{self._daemon.text()[-2000:]}")
        again = self._settled(wanted)
        if again != wanted:
            self._tell(what, f"the next message was answered {again}")

    def _settled(self, wanted):
        """A fault of the disk may be felt until it is known to have passed."""
        end = time.monotonic() + 5 * Programs.slow
        while (found := self._message(MESSAGES[wanted])[0]) != wanted and time.monotonic() < end:
            time.sleep(0.05)
        return found

    def messages(self, kind):
        for wanted, headers in MESSAGES.items():
            number, end = 0, time.monotonic() + self._seconds
            while time.monotonic() < end:
                number += 1
                self._order.give(kind, number)
                found, reply = self._message(headers)
                calls = self._order.take_back()
                self._judge(f"{kind} {number} of {wanted}", wanted, found, reply)
                if calls < number:
                    break
            print(f"{kind}, {wanted}: {number} messages", flush=True)

    def besides(self, kind):
        """What a daemon does when it is told to, with the order given while it does it."""
        def renew():
            os.rename(self._daemon.journal, self._daemon.journal + ".old")
            self._daemon.signal(signal.SIGUSR1)
            time.sleep(0.02)

        def move_directory():
            """Away and back: what is open is left, and opened again. The daemon looks once a second."""
            path = self._daemon.path("directory")
            os.rename(path, path + ".away")
            time.sleep(1.2)
            os.rename(path + ".away", path)
            time.sleep(1.2)

        tasks = {"reload": lambda: self._daemon.ctl("reload", "-c", self._daemon.conf()), "journal": renew, "directory": move_directory}
        for name, task in tasks.items():
            number, end = 0, time.monotonic() + self._seconds
            while time.monotonic() < end:
                number += 1
                self._order.give(kind, number)
                task()
                calls = self._order.take_back()
                if name == "journal":
                    self._daemon.signal(signal.SIGUSR1)
                    until(lambda: os.path.exists(self._daemon.journal), what="a new journal")
                self._judge(f"{kind} {number} of {name}", "reject", "reject", None)
                if calls < number:
                    break
            print(f"{kind}, {name}: {number} times", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--ctl", required=True)
    parser.add_argument("--inject", required=True)
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    Programs.daemon, Programs.ctl = options.daemon, options.ctl
    with Daemon(start=False) as daemon:
        order = Order(daemon.path("order"))
        daemon.start(wrapper=["env", f"LD_PRELOAD={options.inject}", f"CSP_INJECT={daemon.path('order')}"])
        trial = Trial(daemon, order, options.seconds)
        for kind in KINDS:
            trial.messages(kind)
            trial.besides(kind)
        daemon.stop()
        print("answers: " + ", ".join(f"{count} {answer}" for answer, count in sorted(trial.answers.items())) + f"; {len(trial.wrong)} wrong")
        for text in trial.wrong[:10]:
            print(text)
    return 1 if trial.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
