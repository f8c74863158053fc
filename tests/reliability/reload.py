#!/usr/bin/env python3
"""The configuration changes under load, again and again: every message is decided by one of its two states, whole.

usage: reload.py [--build FOLDER] [--reloads N] [--sessions N] [--pause SECONDS] [--through postfix|protocol]

Two states take turns. One rejects by a rule and a phrase of its own, the other flags by others. Each message has the words of both. At the end
every message has one record; its rule, phrase, action and digest are those of one state; and what the client was told, or what the next
hop has, is what that record says. Exit status 0, 1 when that does not hold, 77 when Postfix is asked for and the caller is not root.
"""

import argparse
import os
import re
import smtplib
import socket
import sys
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(SOURCE, "tests", "mta"), os.path.join(SOURCE, "tests", "milter")]

# pylint: disable=wrong-import-position
import protocol  # noqa: E402
from rig.cases import ANNA, DIRECTORY, VENDOR  # noqa: E402
from rig.client import Client, compose  # noqa: E402
from rig.crowd import Crowd  # noqa: E402
from rig.milter import Filter  # noqa: E402
from rig.postfix import Postfix  # noqa: E402
from rig.sink import Sink  # noqa: E402
from rig.workspace import Workspace, wait_until  # noqa: E402

SKIPPED = 77
UNPACKED = os.path.join(SOURCE, "build", "mta")
AUTHOR = "office@microsoft.com"
SUBJECT = "word alpha and word beta"
STATES = {"alpha": "reject", "beta": "flag"}
PACK = 'language = "{0}"; phrases = ( {{ category = "subscription"; meaning = "word"; phrases = [ "word {0}" ]; }} );\n'
POLICY = """\
rules = (
  {{ name = "{0}"; category = "subscription"; disposition = "{1}"; {2} }},
  {{ name = "rest"; disposition = "pass"; despite = "any"; }}
);
"""
ACTIONS = {"reject": ("block", 'action = "reject"; reply = "550 5.7.1 by alpha (${decision})";'), "flag": ("flag", "")}


def set_state(milter, name):
    """Files are written beside and renamed, as an editor does: a reload that runs meanwhile sees whole ones."""
    disposition, rest = ACTIONS[STATES[name]]
    for path, text in (("packs/states.conf", PACK.format(name)), ("policy.conf", POLICY.format(name, disposition, rest))):
        path = os.path.join(milter.folder, path)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)


class Load(Crowd):
    """Sessions that send one message after another until they are told to stop. `sent`: by message, what the client was told."""

    def __init__(self, sessions, pause, connect):
        super().__init__(sessions)
        self._connect, self._pause = connect, pause
        self.sent, self.seconds, self.failures = {}, [], []

    def _run(self, number):
        try:
            with self._connect() as session:
                count = 0
                while not self._stop.is_set():
                    count += 1
                    identity = f"<{number}.{count}@test.example>"
                    begun = time.monotonic()
                    told = session.send(identity)
                    taken = time.monotonic() - begun
                    with self._lock:
                        self.sent[identity] = told
                        self.seconds.append(taken)
                    time.sleep(self._pause)
        except (OSError, smtplib.SMTPException, protocol.Gone, AssertionError) as error:
            self.failures.append(repr(error))


def fields(identity):
    return [("From", AUTHOR), ("Subject", SUBJECT), ("Message-ID", identity)]


class MilterSession:
    """As a mail server speaks to the filter. What is told: "reject id" or "flag id"."""

    def __init__(self, address):
        self._client = protocol.Client(socket.AF_UNIX, address, timeout=60).begin()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.close()

    def send(self, identity):
        answer = self._client.message(f"<{AUTHOR}>", [f"<{ANNA}>"], fields(identity))
        if answer.reply:
            return re.fullmatch(r"550 5\.7\.1 by alpha \((\w{26})\)", answer.reply).expand(r"reject \1")
        assert (answer.verdict, [change[:2] for change in answer.changes]) == ("continue", [("add", "X-CSP-Policy")]), answer
        return re.fullmatch(r"flag; id=(\w{26})", answer.changes[0][2].strip()).expand(r"flag \1")


class MailSession:
    """As a client speaks to Postfix. What is told: "reject id", or "taken" where the sink has the rest."""

    def __init__(self, port):
        self._client = Client(port, VENDOR)

    def __enter__(self):
        return self

    def __exit__(self, *words):
        self._client.__exit__(*words)

    def send(self, identity):
        reply = self._client.send(AUTHOR, [ANNA], compose(fields(identity)))
        if found := re.fullmatch(r"550 5\.7\.1 by alpha \((\w{26})\)", reply):
            return found.expand(r"reject \1")
        assert reply.startswith("250 2.0.0 "), reply
        return "taken"


def told_by_the_sink(sent, sink):
    """What was taken is at the sink, once, with a flag."""
    taken = [identity for identity, told in sent.items() if told == "taken"]
    wait_until("what was taken arrives", lambda: len(sink.all()) >= len(taken), 120)
    flags = {}
    for stored in sink.all():
        flags.setdefault(stored.message_id, []).extend(stored.fields("X-CSP-Policy"))
    for identity in taken:
        found = [re.fullmatch(r"flag; id=(\w{26})", flag) for flag in flags.pop(identity, [])]
        if len(found) != 1 or not found[0]:
            raise AssertionError(f"{identity} at the sink: {found}")
        sent[identity] = found[0].expand(r"flag \1")
    if flags:
        raise AssertionError(f"at the sink and not taken: {list(flags)[:3]}")


def judge(load, records):
    """What does not hold, in words."""
    wrong = list(load.failures)
    ids, digests = {}, {}
    for record in records:
        identity, rule = record["message_id"], record["recipients"][0]["rule"]
        words = {word["match"] for word in record["category"]["evidence"]}
        if identity in ids:
            wrong.append(f"{identity}: a second record")
        ids[identity] = f"{record['action']} {record['decision']}"
        if (record["action"], words) != (STATES.get(rule), {f"word {rule}"}):
            wrong.append(f"{identity}: rule {rule}, action {record['action']}, words {words}")
        if digests.setdefault(rule, record["policy"]) != record["policy"]:
            wrong.append(f"{identity}: rule {rule} of {record['policy']}, not {digests[rule]}")
    if len(set(digests.values())) != len(STATES):
        wrong.append(f"states: {digests}")
    wrong += [f"{identity}: told {told}, recorded {ids.get(identity)}" for identity, told in load.sent.items() if ids.get(identity) != told]
    wrong += [f"{identity}: recorded and not sent" for identity in ids if identity not in load.sent]
    return wrong


def run(options):
    with Workspace() as workspace:
        milter = Filter(workspace, "filter", options.build, os.path.join(SOURCE, "conf"), vendor_network="192.0.2.0/24", packs=["packs/states.conf"])
        set_state(milter, "alpha")
        milter.import_directory(DIRECTORY)
        milter.start()
        sink = None
        if options.through == "postfix":
            sink = Sink(workspace.folder("sink"))
            postfix = Postfix(workspace, os.path.join(UNPACKED, "postfix"), f"smtp:[127.0.0.1]:{sink.port}")
            port = postfix.listen("filtered", milter.endpoint.postfix, "smtpd_error_sleep_time=0", "smtpd_soft_error_limit=1000000",
                                  "smtpd_hard_error_limit=1000000")
            postfix.start()
        with Load(options.sessions, options.pause, lambda: MailSession(port) if sink else MilterSession(milter.endpoint.path)) as load:
            for number in range(options.reloads):
                set_state(milter, list(STATES)[(number + 1) % 2])
                milter.control("reload", "-c", milter.conf)
        if sink:
            told_by_the_sink(load.sent, sink)
        counters = milter.status()["counters"]
        wrong = judge(load, milter.records())
        status = milter.stop()
        seconds = sorted(load.seconds)
        counts = {action: sum(told.startswith(action) for told in load.sent.values()) for action in ACTIONS}
        print(f"{counters['reloads']} reloads: {len(load.sent)} messages, {counts['reject']} rejected, {counts['flag']} flagged; half within "
              f"{seconds[len(seconds) // 2] * 1000:.1f} ms, 99 % within {seconds[len(seconds) * 99 // 100] * 1000:.1f} ms, "
              f"the slowest {seconds[-1] * 1000:.0f} ms; {len(wrong)} wrong")
        for text in wrong[:5]:
            print(text)
        if status != 0:
            print(f"the filter ended with status {status}\n{milter.process.log_tail()}")
        return not wrong and all(counts.values()) and counters["reloads"] >= options.reloads and status == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE, "build", "dev"), help="where the programs are")
    parser.add_argument("--reloads", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--pause", type=float, default=0, help="of a session between two messages: for many reloads, since all records are kept")
    parser.add_argument("--through", choices=("postfix", "protocol"), default="postfix")
    options = parser.parse_args()
    if options.through == "postfix" and os.getuid() != 0:
        print("skipped: Postfix runs as root only")
        return SKIPPED
    return 0 if run(options) else 1


if __name__ == "__main__":
    sys.exit(main())
