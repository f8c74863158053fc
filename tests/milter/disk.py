"""A disk that fails under the journal, call by call: no undecided pass, no lost record of what was answered, no crash, and it heals."""

import errno
import glob
import json
import os

from daemon import INCIDENT, SUBSCRIPTION, Daemon, Programs, until

CUSTOMER = "<user@contoso.example>"
KINDS = {"blocked": SUBSCRIPTION, "passed": INCIDENT}


def disk(daemon, faults, trace=None):
    """The environment of a daemon on such a disk."""
    environment = dict(os.environ, LD_PRELOAD=Programs.disk, CSP_DISK_FILE="decisions.jsonl", CSP_DISK_FAULTS=faults,
                       CSP_DISK_SWITCH=daemon.path("broken"))
    return dict(environment, CSP_DISK_TRACE=trace) if trace else environment


def start(daemon, faults, trace=None):
    environment = disk(daemon, faults, trace)
    return daemon.start(wrapper=["/usr/bin/env"] + [f"{name}={environment[name]}" for name in environment
                                                    if name == "LD_PRELOAD" or name.startswith("CSP_DISK_")])


def send(mta, kind, number):
    answer = mta.message(rcpts=[CUSTOMER], headers=[*KINDS[kind], ("Message-ID", f"<{number}@test.example>")])
    return answer.reply[:3] if answer.reply else answer.verdict


def recorded(daemon):
    """Message ids of all records in the journal and in files that were given up, and their decisions' ids."""
    records = []
    for path in glob.glob(daemon.journal + "*"):
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    records.append(json.loads(line))
                except ValueError:
                    pass
    return {record["message_id"] for record in records if "decision" in record}


def events(daemon):
    """What the library told: "sync", "answer", "part"."""
    with open(daemon.path("trace"), encoding="utf-8") as lines:
        return lines.read().split()


def survives(faults):
    """Messages before, while and after the disk is broken: each that was answered for good has its record."""
    with Daemon(start=False, journal_timeout=2) as daemon:
        start(daemon, faults, daemon.path("trace"))
        answers, numbers = {}, iter(range(1000))
        with daemon.session() as mta:
            def exchange(count):
                for _ in range(count):
                    for kind in KINDS:
                        number = next(numbers)
                        answers[number] = (kind, send(mta, kind, number))
            exchange(2)
            daemon.write("broken", "")
            exchange(4)
            os.remove(daemon.path("broken"))
            until(lambda: send(mta, "blocked", next(numbers)) == "550", 15, "a journal that works again")
            exchange(2)
        for number, (kind, answer) in answers.items():
            assert answer in (("550", "451") if kind == "blocked" else ("continue", "451")), (faults, number, kind, answer)
        kept = {f"<{number}@test.example>" for number, (_, answer) in answers.items() if answer != "451"}
        assert kept <= recorded(daemon), (faults, kept - recorded(daemon))
        assert list(answers.values())[-4:] == [("blocked", "550"), ("passed", "continue")] * 2, (faults, answers)
        daemon.stop()
        return sum(answer == "451" for _, answer in answers.values()), events(daemon)


def test_a_disk_that_fails_in_any_call_loses_nothing():
    deferred = 0
    for call in ("writev", "fdatasync"):
        for code in (errno.EIO, errno.ENOSPC):
            for good in range(3):
                deferred += survives(f"{call}:{good}:{code}")[0]
                for second in ("open", "link", "unlink", "fsync", "pread"):
                    if code == errno.EIO and good < 2:
                        deferred += survives(f"{call}:{good}:{code} {second}:0:{errno.EIO}")[0]
    assert deferred > 0


def test_a_disk_that_writes_a_part_of_what_it_is_given_is_no_fault():
    deferred, seen = survives("writev:0:0")
    assert deferred == 0 and "part" in seen, (deferred, seen)


def test_a_block_is_on_disk_before_it_is_answered():
    """One session, so between any two answers stands the sync for the second."""
    with Daemon(start=False) as daemon:
        start(daemon, "", daemon.path("trace"))
        with daemon.session() as mta:
            for number in range(100):
                assert send(mta, "blocked", number) == "550"
        seen = events(daemon)
        assert seen.count("answer") == 100 and seen[0] == "sync", seen[:5]
        assert all(first == "sync" for first, second in zip(seen, seen[1:]) if second == "answer"), seen


TESTS = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
