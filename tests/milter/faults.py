"""Faults of ours: no directory, no journal, no disk. Enforcing goes by the failure policy, monitoring delays nothing."""

import os
import resource
import signal
import subprocess
import tempfile
import time

from daemon import INCIDENT, OPERATIONAL, SUBSCRIPTION, Daemon, Programs, Skip, sanitizer, until


def test_without_a_directory_mail_is_deferred_until_there_is_one():
    with Daemon(directory=False) as daemon, daemon.session() as mta:
        assert daemon.logged("directory: ")
        answer = mta.message(headers=SUBSCRIPTION)
        assert answer.reply.startswith("451 4."), answer
        assert daemon.decisions()[-1]["action"] == "tempfail"
        status = daemon.status()
        assert status["directory"]["error"] and status["counters"]["tempfailed"] == 1, status
        daemon.import_directory()
        until(lambda: mta.message(headers=SUBSCRIPTION).reply.startswith("550 "), what="an opened directory")
        assert daemon.logged("is open")


def test_without_a_directory_the_failure_policy_speaks():
    for policy, action in (("flag-and-pass", "flag"), ("accept", "accept")):
        with Daemon(directory=False, failure=f'directory = "{policy}";') as daemon, daemon.session() as mta:
            answer = mta.message(headers=SUBSCRIPTION)
            assert answer.verdict == "continue" and len(answer.changes) == (action == "flag"), answer
            assert daemon.decisions()[-1]["action"] == action


def test_in_monitor_mode_a_missing_directory_delays_nothing():
    with Daemon(directory=False, mode="monitor") as daemon, daemon.session() as mta:
        answer = mta.message(headers=SUBSCRIPTION)
        assert (answer.verdict, answer.changes) == ("continue", []), answer


def test_an_update_of_the_directory_is_seen_by_the_next_message():
    with Daemon() as daemon, daemon.session() as mta:
        rcpts = ["<a@later.example>"]
        assert mta.message(rcpts=rcpts, headers=SUBSCRIPTION).verdict == "continue"
        daemon.write("more.jsonl", '{"type":"customer","id":"33333333-3333-4333-8333-333333333333","name":"Later",'
                     '"domains":["later.example"],"partners":[{"partner":"11111111-1111-4111-8111-111111111111",'
                     '"role":"direct-bill"}]}\n')
        done = daemon.ctl("directory", "import", "-c", daemon.conf(), "--source", "more", daemon.path("more.jsonl"))
        assert done.returncode == 0, done
        assert mta.message(rcpts=rcpts, headers=SUBSCRIPTION).reply


class FullDisk:
    """A journal on a file system of its own that can be filled."""

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("needs root")
        self.folder = tempfile.mkdtemp(prefix="csp-milter-disk-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", self.folder], capture_output=True)
        if done.returncode != 0:
            os.rmdir(self.folder)
            raise Skip("cannot mount")
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=False)
        os.rmdir(self.folder)

    def journal(self):
        return os.path.join(self.folder, "decisions.jsonl")

    def fill(self):
        with open(os.path.join(self.folder, "filler"), "wb", buffering=0) as stream:
            try:
                while stream.write(b"x" * 4096):
                    pass
            except OSError:
                pass

    def free(self):
        os.unlink(os.path.join(self.folder, "filler"))


def break_journal(mta, disk, expected):
    """Messages until the journal's last page is full, then the answer."""
    disk.fill()
    answer = None
    for _ in range(20):
        answer = mta.message(headers=SUBSCRIPTION)
        if expected(answer):
            return answer
    raise AssertionError(answer)


def test_untrusted_tags_are_removed_from_what_a_fault_lets_go_on():
    settings = {"classification": "remove_untrusted_tags = true;", "failure": 'journal = "accept";'}
    with FullDisk() as disk, Daemon(journal=disk.journal(), **settings) as daemon, daemon.session() as mta:
        break_journal(mta, disk, lambda answer: answer.verdict == "continue")
        answer = mta.message(headers=SUBSCRIPTION + [("X-Tag", "outage")])
        assert (answer.verdict, answer.changes) == ("continue", [("change", 1, "x-tag", "")]), answer
        assert daemon.status()["counters"]["fault_journal"] > 0


def test_a_full_disk_defers_mail_and_heals():
    with FullDisk() as disk, Daemon(journal=disk.journal()) as daemon, daemon.session() as mta:
        assert mta.message(headers=SUBSCRIPTION).reply.startswith("550 ")
        answer = break_journal(mta, disk, lambda answer: not answer.reply.startswith("550 "))
        assert answer.reply.startswith("451 4.7.1 "), answer
        begun = time.monotonic()
        assert mta.message(headers=INCIDENT).reply.startswith("451 ")
        assert time.monotonic() - begun < 2 * Programs.slow
        status = daemon.status()
        assert not status["journal"]["healthy"] and status["counters"]["fault_journal"] >= 2, status
        assert "FAULT: No space left" in daemon.ctl("status", "-c", daemon.conf()).stdout
        disk.free()
        until(lambda: (mta.message(headers=SUBSCRIPTION).reply or "").startswith("550 "), what="a healed journal")
        assert daemon.status()["journal"]["healthy"] and daemon.logged("works again")


def test_with_a_full_disk_monitor_mode_delays_nothing():
    with FullDisk() as disk, Daemon(journal=disk.journal(), mode="monitor") as daemon, daemon.session() as mta:
        disk.fill()
        begun = time.monotonic()
        for _ in range(40):
            answer = mta.message(headers=SUBSCRIPTION)
            assert (answer.verdict, answer.changes) == ("continue", []), answer
        assert time.monotonic() - begun < 5 * Programs.slow
        assert daemon.status()["counters"]["fault_journal"] > 0


def test_with_a_full_disk_the_failure_policy_speaks():
    for policy, changes in (("flag-and-pass", 1), ("accept", 0)):
        with FullDisk() as disk, Daemon(journal=disk.journal(), failure=f'journal = "{policy}";') as daemon:
            with daemon.session() as mta:
                answer = break_journal(mta, disk, lambda answer: answer.verdict == "continue")
                assert len(answer.changes) == changes, answer


def test_a_journal_at_its_size_limit_loses_nothing():
    if sanitizer() == "tsan":
        raise Skip("the sanitizer does not start under a limit of file sizes")
    with Daemon(start=False) as daemon:
        daemon.start(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40000, resource.RLIM_INFINITY)))
        with daemon.session() as mta:
            for _ in range(60):
                assert mta.message(headers=SUBSCRIPTION).reply.startswith("550 ")
                time.sleep(0.05)
        names = os.listdir(daemon.path("log"))
        assert len(names) > 1, names
        found = set()
        for name in names:
            with open(daemon.path("log/" + name), encoding="utf-8") as stream:
                found |= {line.split('"decision":"')[1][:26] for line in stream if line.endswith("}\n")}
        assert len(found) == 60, len(found)


def test_no_acknowledged_rejection_is_lost_by_a_kill():
    with Daemon() as daemon:
        acknowledged = []
        for _ in range(5):
            with daemon.session() as mta:
                for _ in range(20):
                    acknowledged.append(mta.message(headers=SUBSCRIPTION).reply.split("(")[1].rstrip(")"))
            daemon.signal(signal.SIGKILL)
            daemon.wait()
            daemon.log = []
            daemon.start()
        recorded = {record["decision"] for record in daemon.decisions()}
        assert len(acknowledged) == 100 and set(acknowledged) <= recorded


def test_a_message_that_memory_does_not_suffice_for_goes_by_the_failure_policy():
    if sanitizer():
        raise Skip("a sanitizer needs the address space")
    for policy, mode, expected in (("tempfail", "enforce", "451 4.7.1"), ("accept", "enforce", None),
                                   ("tempfail", "monitor", None)):
        limits = "limits = { recipients = 1000000; };"
        with Daemon(start=False, mode=mode, failure=f'resources = "{policy}";', extra=limits) as daemon:
            size = 900 << 20
            daemon.start(before=lambda: resource.setrlimit(resource.RLIMIT_DATA, (size, size)))
            with daemon.session() as mta:
                rcpts = [f"<{'x' * 60}{i}@{'y' * 60}.example>" for i in range(250000)]
                answer = mta.message(rcpts=rcpts, headers=INCIDENT)
                assert (answer.reply or "").startswith(expected or "") and (answer.reply is None) == (expected is None)
                assert mta.message(headers=OPERATIONAL).verdict == "continue"


TESTS = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
