"""The directory under a running daemon: removed, replaced, locked, damaged, full, old. Never a wrong verdict, never a hang."""

import ctypes
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from daemon import CUSTOMERS, SUBSCRIPTION, Daemon, Programs, Skip, sanitizer, until

OTHERS = [dict(CUSTOMERS[0]), dict(CUSTOMERS[1], domains=["other.example"])]
OLD_HOURS = 50

# Holds the first byte of a lock file alone, as a process does that makes the lock file anew.
HOLD_LOCK = """
import fcntl, struct, sys, time
stream = open(sys.argv[1], "r+b")
fcntl.lockf(stream, fcntl.LOCK_EX, 1, 0, 0)
print("held", flush=True)
time.sleep(1000)
"""

# Takes every place for readers that the lock file has.
HOLD_READERS = """
import ctypes, sys, time
lmdb = ctypes.CDLL("liblmdb.so.0")
env, txn = ctypes.c_void_p(), ctypes.c_void_p()
lmdb.mdb_env_create(ctypes.byref(env))
assert lmdb.mdb_env_open(env, sys.argv[1].encode(), 0x220000, 0o660) == 0
count = 0
while lmdb.mdb_txn_begin(env, None, 0x20000, ctypes.byref(txn)) == 0:
    count += 1
print(count, flush=True)
time.sleep(1000)
"""


class Holder:
    """Another process that keeps something until the end of the block."""

    def __init__(self, program, path):
        self.process = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE, text=True)
        self.said = self.process.stdout.readline()
        assert self.said, "the other process ended"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def verdict(mta, **message):
    answer = mta.message(headers=SUBSCRIPTION, **message)
    return answer.reply or answer.verdict


def blocks(mta, domain="contoso.example"):
    return verdict(mta, rcpts=[f"<user@{domain}>"]).startswith("550 ")


def defers(mta, domain="contoso.example"):
    return verdict(mta, rcpts=[f"<user@{domain}>"]).startswith("451 4.3.0 ")


def soon(condition, what):
    """Within a second and what a busy machine adds."""
    begun = time.monotonic()
    until(condition, 3, what)
    return time.monotonic() - begun


def lines(daemon, text):
    return [line for line in daemon.log if line.startswith("csp-milter: directory: ") and text in line]


def error(daemon):
    return daemon.status()["directory"]["error"]


def fill(daemon, path, entries):
    daemon.write("entries.jsonl", "".join(json.dumps(entry) + "\n" for entry in entries))
    done = daemon.ctl("directory", "import", "--path", path, "--source", "test", daemon.path("entries.jsonl"))
    assert done.returncode == 0, done.stderr


def remove(daemon):
    shutil.rmtree(daemon.path("directory"))


def rewrite(daemon, old, new):
    """Changes bytes of the open file in place, as damage does."""
    assert len(old) == len(new)
    with open(daemon.path("directory/data.mdb"), "r+b") as stream:
        content = stream.read()
        assert old in content
        stream.seek(0)
        stream.write(content.replace(old, new))


def fails_and_heals(daemon, mta, spoil, heal, text):
    """What every fault is alike in: could not tell, one line, status; and all of it ends soon after the cause has."""
    assert blocks(mta)
    spoil()
    soon(lambda: defers(mta), "could not tell")
    soon(lambda: text in (error(daemon) or ""), "an error in the status")
    for _ in range(3):
        assert defers(mta)
    time.sleep(1.2)
    status = daemon.status()
    assert status["counters"]["fault_directory"] >= 4 and text in status["directory"]["error"], status
    shown = daemon.ctl("status", "-c", daemon.conf()).stdout
    assert "directory        FAULT: " in shown and text in shown, shown
    assert "csp_milter_directory_up 0\n" in daemon.ctl("status", "-c", daemon.conf(), "--prometheus").stdout
    assert len(lines(daemon, text)) == 1 and not lines(daemon, "is open"), daemon.text()
    heal()
    soon(lambda: blocks(mta), "the directory is back")
    soon(lambda: error(daemon) is None, "no error in the status")
    assert len(lines(daemon, "is open")) == 1 and len(lines(daemon, "")) == 2, daemon.text()


def test_a_directory_that_is_removed_is_missed_and_found_again():
    with Daemon() as daemon, daemon.session() as mta:
        fails_and_heals(daemon, mta, lambda: remove(daemon), daemon.import_directory, "no customer directory")


def test_a_data_file_that_is_removed_is_missed():
    with Daemon() as daemon, daemon.session() as mta:
        fails_and_heals(daemon, mta, lambda: os.unlink(daemon.path("directory/data.mdb")), daemon.import_directory,
                        "no customer directory")


def test_without_the_removed_directory_the_failure_policy_speaks():
    for mode, policy, changes in (("enforce", "flag-and-pass", 1), ("enforce", "accept", 0), ("monitor", "tempfail", 0)):
        with Daemon(mode=mode, failure=f'directory = "{policy}";') as daemon, daemon.session() as mta:
            remove(daemon)
            until(lambda: lines(daemon, "no customer directory"), what="the alarm")
            for _ in range(5):
                begun = time.monotonic()
                answer = mta.message(headers=SUBSCRIPTION)
                assert answer.verdict == "continue" and len(answer.changes) == changes, answer
                assert time.monotonic() - begun < Programs.slow
            record = daemon.decisions()[-1]
            assert (record["directory"], record["recipients"][0]["rule"]) == (0, "fault"), record


def test_a_directory_that_is_replaced_by_a_rename_is_read_anew():
    with Daemon() as daemon, daemon.session() as mta:
        fill(daemon, daemon.path("next"), OTHERS)
        assert blocks(mta) and not blocks(mta, "other.example")
        os.rename(daemon.path("directory"), daemon.path("old"))
        os.rename(daemon.path("next"), daemon.path("directory"))
        soon(lambda: blocks(mta, "other.example"), "the new directory")
        assert verdict(mta) == "continue" and error(daemon) is None
        assert len(lines(daemon, "was replaced")) + len(lines(daemon, "is open")) >= 1, daemon.text()
        fill(daemon, daemon.path("directory"), [dict(CUSTOMERS[1], id="c", domains=["later.example"])])
        assert blocks(mta, "later.example")


def test_a_data_file_that_is_replaced_by_a_rename_is_read_anew():
    """The new file shares the lock file: it may be opened only after the old one is closed."""
    with Daemon() as daemon, daemon.session() as mta:
        fill(daemon, daemon.path("next"), OTHERS)
        os.rename(daemon.path("next/data.mdb"), daemon.path("directory/data.mdb"))
        soon(lambda: blocks(mta, "other.example"), "the new file")
        fill(daemon, daemon.path("directory"), [dict(CUSTOMERS[1], id="c", domains=["later.example"])])
        assert blocks(mta, "later.example") and blocks(mta, "other.example")


def test_a_lock_file_that_is_removed_or_replaced_is_taken_anew():
    with Daemon() as daemon, daemon.session() as mta:
        for command in (("rm", "lock.mdb"), ("sh", "-c", "cp lock.mdb new && mv new lock.mdb")):
            before = len(lines(daemon, "was replaced"))
            subprocess.run(command, cwd=daemon.path("directory"), check=True)
            soon(lambda: len(lines(daemon, "was replaced")) > before, "the lock file is missed")
            assert blocks(mta)
            time.sleep(1.5)
            assert len(lines(daemon, "")) == before + 1, daemon.text()
            fill(daemon, daemon.path("directory"), OTHERS)
            assert blocks(mta, "other.example")
            daemon.import_directory()
            assert blocks(mta)


def test_the_same_folder_under_another_name_is_not_opened_twice():
    with Daemon() as daemon, daemon.session() as mta:
        os.symlink("directory", daemon.path("link"))
        daemon.write_conf(directory_path=daemon.path("link"))
        assert daemon.ctl("reload", "-c", daemon.conf()).returncode == 0
        assert blocks(mta) and error(daemon) is None
        locks = subprocess.run(["stat", "-c", "%i", daemon.path("directory/lock.mdb")], capture_output=True, text=True)
        with open("/proc/locks", encoding="utf-8") as stream:
            held = [line for line in stream if f":{locks.stdout.strip()} 0 0" in line]
        assert len(held) == 1, held
        os.unlink(daemon.path("link"))
        soon(lambda: defers(mta) or error(daemon), "the name is gone, and with it the directory")
        os.symlink("directory", daemon.path("link"))
        soon(lambda: blocks(mta), "the name is back")


def test_a_reload_to_a_place_without_a_directory_keeps_the_old_one_in_use():
    with Daemon() as daemon, daemon.session() as mta:
        daemon.write_conf(directory_path=daemon.path("next"))
        assert daemon.ctl("reload", "-c", daemon.conf()).returncode == 0
        assert blocks(mta) and error(daemon) and daemon.status()["directory"]["path"] == daemon.path("directory")
        fill(daemon, daemon.path("next"), OTHERS)
        soon(lambda: blocks(mta, "other.example"), "the new directory")
        assert error(daemon) is None and daemon.status()["directory"]["path"] == daemon.path("next")


def test_a_lock_that_another_process_holds_hangs_nothing():
    with Daemon(start=False) as daemon:
        with Holder(HOLD_LOCK, daemon.path("directory/lock.mdb")):
            begun = time.monotonic()
            daemon.start()
            assert time.monotonic() - begun < 3 * Programs.slow
            with daemon.session() as mta:
                assert defers(mta)
                assert "keep it locked" in error(daemon) and len(lines(daemon, "keep it locked")) == 1
                assert daemon.ctl("reload", "-c", daemon.conf()).returncode == 0
                check = daemon.ctl("check", "-c", daemon.conf())
                assert check.returncode == 75 and "keep it locked" in check.stderr, check
                done = daemon.ctl("directory", "import", "-c", daemon.conf(), "--source", "x", daemon.path("customers.jsonl"))
                assert done.returncode == 75 and "keep it locked" in done.stderr, done
                for _ in range(3):
                    assert defers(mta)
                    time.sleep(0.5)
        with daemon.session() as mta:
            soon(lambda: blocks(mta), "the lock is free")
        assert len(lines(daemon, "")) == 2, daemon.text()


def test_a_directory_that_comes_back_locked_is_opened_once_it_is_free():
    with Daemon() as daemon, daemon.session() as mta:
        os.rename(daemon.path("directory"), daemon.path("away"))
        until(lambda: defers(mta), what="could not tell")
        with Holder(HOLD_LOCK, daemon.path("away/lock.mdb")):
            os.rename(daemon.path("away"), daemon.path("directory"))
            until(lambda: "keep it locked" in error(daemon), what="the lock")
            assert defers(mta)
        soon(lambda: blocks(mta), "the lock is free")
        assert len(lines(daemon, "")) == 2, daemon.text()


def test_all_places_for_readers_taken_is_a_fault_that_ends():
    try:
        ctypes.CDLL("liblmdb.so.0")
    except OSError as missing:
        raise Skip("no shared liblmdb") from missing
    with Daemon() as daemon, daemon.session() as mta:
        holders = []
        fails_and_heals(daemon, mta, lambda: holders.append(Holder(HOLD_READERS, daemon.path("directory"))),
                        lambda: holders.pop().__exit__(), "keep it locked")


def test_a_damaged_head_is_a_fault_and_shown():
    with Daemon() as daemon, daemon.session() as mta:
        def spoil():
            with open(daemon.path("directory/data.mdb"), "r+b") as stream:
                content = bytearray(stream.read())
                at = content.find(b"head")
                assert at > 0
                while at >= 0:
                    for i in range(at + 6, at + 14):
                        content[i] ^= 0x55
                    at = content.find(b"head", at + 4)
                stream.seek(0)
                stream.write(content)

        def heal():
            remove(daemon)
            daemon.import_directory()

        fails_and_heals(daemon, mta, spoil, heal, "damaged")


def test_a_directory_of_another_version_is_a_fault():
    with Daemon() as daemon, daemon.session() as mta:
        with open(daemon.path("directory/data.mdb"), "rb") as stream:
            ours = re.search(b"csp-milter directory [0-9]", stream.read())[0]
        theirs = ours[:-1] + b"?"
        fails_and_heals(daemon, mta, lambda: rewrite(daemon, ours, theirs), lambda: rewrite(daemon, theirs, ours),
                        "of this version")


def test_a_file_cut_short_under_the_daemon_does_not_kill_it():
    def heal(daemon):
        remove(daemon)
        daemon.import_directory()

    for length, text in ((0, "no customer directory"), (4096, "not a customer directory"), (16384, "damaged")):
        with Daemon() as daemon, daemon.session() as mta:
            fails_and_heals(daemon, mta, lambda: os.truncate(daemon.path("directory/data.mdb"), length),
                            lambda: heal(daemon), text)


def test_what_is_no_file_in_the_place_of_one_is_a_fault():
    for name in ("data.mdb", "lock.mdb"):
        with Daemon() as daemon, daemon.session() as mta:
            file = daemon.path("directory/" + name)

            def spoil():
                os.rename(file, daemon.path("kept"))
                os.mkfifo(file)

            fails_and_heals(daemon, mta, spoil, lambda: os.rename(daemon.path("kept"), file), "not a customer directory")
            assert daemon.ctl("reload", "-c", daemon.conf()).returncode == 0


def test_a_folder_that_may_not_be_entered_is_a_fault():
    user = "nobody" if os.geteuid() == 0 else ""
    with Daemon(start=False, user=user, milter='socket_mode = "0666";') as daemon:
        if user:
            for name in ("run", "log", "directory", "directory/data.mdb", "directory/lock.mdb"):
                os.chown(daemon.path(name), 65534, 65534)
        daemon.start()
        with daemon.session() as mta:
            fails_and_heals(daemon, mta, lambda: os.chmod(daemon.path("directory"), 0),
                            lambda: os.chmod(daemon.path("directory"), 0o750), "permission denied")


def test_a_file_system_that_cannot_be_written_to_is_read():
    if os.geteuid() != 0:
        raise Skip("needs root")
    folder = tempfile.mkdtemp(prefix="csp-milter-disk-")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], capture_output=True).returncode != 0:
        os.rmdir(folder)
        raise Skip("cannot mount")
    try:
        with Daemon(start=False, directory=False, directory_path=folder + "/directory") as daemon:
            daemon.import_directory()
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
            daemon.start()
            with daemon.session() as mta:
                assert blocks(mta) and error(daemon) is None
                done = daemon.ctl("directory", "import", "-c", daemon.conf(), "--source", "x", daemon.path("customers.jsonl"))
                assert done.returncode == 77, done
                assert blocks(mta)
                subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
                until(lambda: lines(daemon, "was replaced"), what="the lock file is used again")
                fill(daemon, folder + "/directory", OTHERS)
                assert blocks(mta, "other.example") and error(daemon) is None
    finally:
        subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)


# ---- age ----

def import_with_an_old_clock(daemon, hours=OLD_HOURS):
    daemon.write("customers.jsonl", "".join(json.dumps(entry) + "\n" for entry in CUSTOMERS))
    options = "verify_asan_link_order=0:detect_leaks=0"
    environment = dict(os.environ, LD_PRELOAD=Programs.clock, CSP_CLOCK_BACK=str(hours * 3600), ASAN_OPTIONS=options)
    done = subprocess.run([Programs.ctl, "directory", "import", "-c", daemon.conf(), "--source", "test",
                           daemon.path("customers.jsonl")], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done


def aged(policy, mode="enforce", max_age=24):
    if sanitizer() == "tsan":
        raise Skip("the sanitizer and another clock do not go together")
    daemon = Daemon(mode=mode, start=False, directory=False, directory_extra=f"max_age = {max_age};",
                    failure=f'directory = "accept"; old_directory = "{policy}";')
    import_with_an_old_clock(daemon)
    return daemon.start()


def test_an_old_directory_is_used_and_said_to_be_old():
    with aged("use") as daemon, daemon.session() as mta:
        assert blocks(mta) and blocks(mta)
        status = daemon.status()
        found = status["directory"]
        assert found["too_old"] and found["error"] is None and 0 <= found["age"] - OLD_HOURS * 3600 < 100, found
        assert status["counters"]["old_directory"] == 2 and status["counters"]["fault_directory"] == 0, status
        assert "TOO OLD: updated " in daemon.ctl("status", "-c", daemon.conf()).stdout
        metrics = daemon.ctl("status", "-c", daemon.conf(), "--prometheus").stdout
        assert "csp_milter_directory_too_old 1\n" in metrics and "csp_milter_old_directory_total 2\n" in metrics
        assert "csp_milter_directory_up 1\n" in metrics
        time.sleep(2.2)
        assert len(lines(daemon, "hours ago")) == 1, daemon.text()
        daemon.import_directory()
        assert blocks(mta)
        soon(lambda: lines(daemon, "young enough again"), "the end of the alarm")
        status = daemon.status()
        assert not status["directory"]["too_old"] and status["counters"]["old_directory"] == 2, status


def test_an_old_directory_has_a_failure_policy_of_its_own():
    for policy, mode, expected, changes in (("tempfail", "enforce", "451 4.3.0 ", 0), ("accept", "enforce", "continue", 0),
                                            ("flag-and-pass", "enforce", "continue", 1), ("tempfail", "monitor", "continue", 0)):
        with aged(policy, mode) as daemon, daemon.session() as mta:
            answer = mta.message(headers=SUBSCRIPTION)
            assert (answer.reply or answer.verdict).startswith(expected) and len(answer.changes) == changes, answer
            counters = daemon.status()["counters"]
            assert counters["old_directory"] == 1 and counters["fault_directory"] == 1, counters
            assert daemon.logged("fault=old-directory"), daemon.text()
            record = daemon.decisions()[-1]
            assert record["recipients"][0]["rule"] == "fault" and record["directory"] == 1, record
            assert mta.message(rcpts=["<us@vendor.example>"], headers=SUBSCRIPTION).verdict == "continue"
            assert daemon.status()["counters"]["old_directory"] == 1
            daemon.import_directory()
            assert mode == "monitor" or blocks(mta)


def test_a_clock_that_runs_backwards_makes_nothing_old():
    if sanitizer() == "tsan":
        raise Skip("the sanitizer and another clock do not go together")
    with Daemon(start=False, directory=False, directory_extra="max_age = 1;", failure='old_directory = "tempfail";') as daemon:
        import_with_an_old_clock(daemon, -OLD_HOURS)
        daemon.start()
        with daemon.session() as mta:
            assert blocks(mta)
        found = daemon.status()["directory"]
        assert not found["too_old"] and found["age"] == 0 and not lines(daemon, "hours ago"), found


# ---- all of it under load ----

class Flow:
    """Sessions whose every answer is right or "could not tell": a customer's subscription mail never passes."""

    def __init__(self, daemon, sessions=4):
        self.daemon, self.running, self.wrong = daemon, True, []
        self.counts = {"550": 0, "451": 0}
        self.slowest = 0.0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(sessions)]
        for thread in self.threads:
            thread.start()

    def run(self):
        try:
            with self.daemon.session() as mta:
                while self.running:
                    begun = time.monotonic()
                    found = verdict(mta)
                    with self.lock:
                        self.slowest = max(self.slowest, time.monotonic() - begun)
                        if found[:4] in ("550 ", "451 "):
                            self.counts[found[:3]] += 1
                        else:
                            self.wrong.append(found)
        except Exception as error:
            self.wrong.append(repr(error))

    def end(self):
        self.running = False
        for thread in self.threads:
            thread.join(30 * Programs.slow)
        assert not any(thread.is_alive() for thread in self.threads), "a session hangs"
        assert not self.wrong, self.wrong[:3]
        print(f"      {self.counts}, slowest {self.slowest * 1000:.0f} ms", flush=True)
        return self.counts


def start_import(daemon, path):
    return subprocess.Popen([Programs.ctl, "directory", "import", "--path", path, "--source", "test",
                             daemon.path("customers.jsonl")], stdout=subprocess.DEVNULL)


def test_under_load_folders_go_come_and_are_swapped_without_a_wrong_verdict():
    with Daemon() as daemon:
        flow = Flow(daemon)
        for turn in range(6):
            if turn % 2:
                fill(daemon, daemon.path("next"), CUSTOMERS)
                os.rename(daemon.path("directory"), daemon.path("old"))
                os.rename(daemon.path("next"), daemon.path("directory"))
                shutil.rmtree(daemon.path("old"))
            else:
                remove(daemon)
                daemon.import_directory()
            time.sleep(random.uniform(0.3, 1.5))
        with daemon.session() as mta:
            soon(lambda: blocks(mta), "the last directory")
        assert flow.end()["550"] > 100


def test_under_load_importers_are_killed_without_a_wrong_verdict():
    with Daemon() as daemon:
        flow = Flow(daemon)
        for _ in range(40):
            importer = start_import(daemon, daemon.path("directory"))
            time.sleep(random.uniform(0, 0.03 * Programs.slow))
            importer.send_signal(signal.SIGKILL)
            importer.wait()
        daemon.import_directory()
        counts = flow.end()
        assert counts["550"] > 100 and counts["451"] == 0, counts
        assert not lines(daemon, ""), daemon.text()


def test_while_the_daemon_starts_an_import_may_make_the_directory():
    for _ in range(5):
        with Daemon(start=False, directory=False) as daemon:
            daemon.write("customers.jsonl", "".join(json.dumps(entry) + "\n" for entry in CUSTOMERS))
            importer = start_import(daemon, daemon.path("directory"))
            daemon.start()
            with daemon.session() as mta:
                assert importer.wait(60) == 0
                soon(lambda: blocks(mta), "what was imported")


TESTS = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
