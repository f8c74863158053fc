"""Start, reload, rotation, end: what signals, sockets and a second daemon do to the mail that is running."""

import grp
import os
import pathlib
import re
import resource
import signal
import socket
import stat
import subprocess
import threading
import time

from daemon import INCIDENT, OPERATIONAL, SUBSCRIPTION, Daemon, Programs, Skip, until
from protocol import Gone

EX_USAGE, EX_NOINPUT, EX_NOUSER, EX_UNAVAILABLE, EX_CANTCREAT, EX_IOERR, EX_NOPERM, EX_CONFIG = 64, 66, 67, 69, 73, 74, 77, 78
SOURCE = pathlib.Path(__file__).parents[2]
ALERTS = SOURCE / "docs" / "samples" / "monitoring" / "csp-milter-alerts.yml"
PROMTOOL = SOURCE / "build" / "mta" / "prometheus" / "usr" / "bin" / "promtool"
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


class Load:
    """Sessions that send messages until they are told to stop; any session lost is a failure."""

    def __init__(self, daemon, sessions=4):
        self.daemon, self.running, self.failures, self.sent = daemon, True, [], 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(sessions)]
        for thread in self.threads:
            thread.start()

    def run(self):
        try:
            with self.daemon.session() as mta:
                while self.running:
                    answer = mta.message(headers=OPERATIONAL)
                    assert answer.verdict == "continue" and len(answer.changes) == 1, answer
                    with self.lock:
                        self.sent += 1
        except Exception as error:
            self.failures.append(repr(error))

    def stop(self):
        self.running = False
        for thread in self.threads:
            thread.join(60 * Programs.slow)
        assert not self.failures, self.failures
        assert self.sent
        return self.sent


def test_a_thousand_hups_under_load_lose_no_session():
    with Daemon() as daemon:
        load = Load(daemon)
        for _ in range(1000):
            daemon.signal(signal.SIGHUP)
            time.sleep(0.001)
        sent = load.stop()
        assert daemon.process.poll() is None, daemon.text()
        until(lambda: len(daemon.decisions()) == sent, what="a record for each message")
        assert daemon.status()["counters"]["reloads"] > 0


def test_hup_and_usr1_side_by_side_are_survived():
    with Daemon() as daemon:
        load = Load(daemon, 2)
        for _ in range(1000):
            daemon.signal(signal.SIGUSR1)
            daemon.signal(signal.SIGHUP)
            daemon.signal(signal.SIGUSR1)
        time.sleep(0.2)
        assert daemon.process.poll() is None, daemon.text()
        load.stop()
        assert not daemon.logged("libmilter has ended")


def test_a_reload_changes_the_policy_of_the_next_message():
    with Daemon() as daemon, daemon.session() as mta:
        before = daemon.status()["policy"]
        mta.mail("<news@microsoft.com>")
        daemon.write_conf(mode="monitor")
        done = daemon.ctl("reload", "-c", daemon.conf())
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
        # The message that was running keeps the policy it began with.
        mta.rcpt("<user@contoso.example>")
        for name, value in SUBSCRIPTION:
            mta.header(name, value)
        mta.eoh()
        assert mta.eom().reply
        assert mta.message(headers=SUBSCRIPTION).verdict == "continue"
        after = daemon.status()
        assert after["policy"] != before and after["mode"] == "monitor" and after["reload"]["ok"]


def test_a_wrong_configuration_is_refused_and_the_old_one_stays():
    with Daemon() as daemon, daemon.session() as mta:
        before = daemon.status()["policy"]
        daemon.write_conf(extra="nonsense = 1;")
        daemon.signal(signal.SIGHUP)
        until(lambda: daemon.logged("the old configuration stays"), what="a refusal")
        assert any("csp-milter.conf:" in line and "nonsense" in line for line in daemon.log), daemon.text()
        done = daemon.ctl("reload", "--socket", daemon.path("run/control.sock"))
        assert done.returncode == EX_CONFIG and "nonsense" in done.stderr, done
        status = daemon.status()
        assert status["policy"] == before and not status["reload"]["ok"] and status["reload"]["errors"]
        assert status["counters"]["reloads_failed"] == 2
        assert mta.message(headers=SUBSCRIPTION).reply
        table = daemon.ctl("status", "-c", daemon.conf(), "--socket", daemon.path("run/control.sock"))
        assert table.returncode == 0 and "REFUSED" in table.stdout and "nonsense" in table.stdout, table
        daemon.write_conf(extra="")
        assert daemon.ctl("reload", "-c", daemon.conf()).returncode == 0


def test_a_reload_may_move_the_journal_and_says_what_it_cannot_move():
    with Daemon() as daemon, daemon.session() as mta:
        mta.message(headers=INCIDENT)
        daemon.write_conf(journal=daemon.path("log/moved.jsonl"), milter="timeout = 600;")
        assert daemon.ctl("reload", "-c", daemon.conf()).returncode == 0
        mta.message(headers=OPERATIONAL)
        assert [r["action"] for r in daemon.decisions()] == ["accept"]
        assert [r["action"] for r in daemon.decisions(daemon.path("log/moved.jsonl"))] == ["flag"]
        assert daemon.logged("milter.timeout: \"330\" stays until the next start"), daemon.text()
        daemon.write_conf(journal=daemon.path("nowhere/moved.jsonl"))
        done = daemon.ctl("reload", "-c", daemon.conf())
        assert done.returncode == EX_CONFIG and "nowhere" in done.stderr, done
        mta.message(headers=OPERATIONAL)
        assert len(daemon.decisions(daemon.path("log/moved.jsonl"))) == 2


def test_usr1_follows_a_renamed_journal():
    with Daemon() as daemon:
        load = Load(daemon)
        for number in range(20):
            os.rename(daemon.journal, f"{daemon.journal}.{number}")
            daemon.signal(signal.SIGUSR1)
            until(lambda: os.path.exists(daemon.journal), what="a new journal")
            time.sleep(0.01)
        sent = load.stop()
        found = len(daemon.decisions()) + sum(len(daemon.decisions(f"{daemon.journal}.{n}")) for n in range(20))
        assert found == sent, (found, sent)
        assert stat.S_IMODE(os.stat(daemon.journal).st_mode) == 0o640


def test_term_lets_the_running_message_end():
    for transport in ("unix", "inet"):
        with Daemon(transport) as daemon, daemon.session() as running, daemon.session() as waiting:
            running.mail("<news@microsoft.com>")
            running.rcpt("<user@contoso.example>")
            running.flush()
            daemon.signal(signal.SIGTERM)
            until(lambda: daemon.logged("ending: 1 messages"), what="draining")
            refused = waiting.message(headers=INCIDENT)
            assert refused.reply.startswith("421 4.3.2 "), refused
            for name, value in SUBSCRIPTION:
                running.header(name, value)
            running.eoh()
            assert running.eom().reply.startswith("550 "), "the running message"
            assert daemon.wait() == 0
            assert len(daemon.decisions()) == 1
            assert not os.path.exists(daemon.path("run/control.sock"))
            if transport == "unix":
                assert not os.path.exists(daemon.address)


def test_term_under_load_answers_every_message_that_was_begun():
    for transport in ("unix", "inet"):
        for _ in range(5):
            with Daemon(transport) as daemon:
                answered, failures = [], []

                def talk():
                    with daemon.session() as mta:
                        while True:
                            try:
                                begun = mta.mail("<news@microsoft.com>")
                            except (Gone, OSError):
                                return
                            if begun.startswith("421 4.3.2 "):
                                return
                            try:
                                mta.rcpt("<user@contoso.example>")
                                for name, value in SUBSCRIPTION:
                                    mta.header(name, value)
                                mta.eoh()
                                answered.append(mta.eom().reply)
                            except (Gone, OSError) as error:
                                failures.append(repr(error))
                                return

                threads = [threading.Thread(target=talk) for _ in range(8)]
                for thread in threads:
                    thread.start()
                until(lambda: len(answered) > 20, what="load")
                daemon.signal(signal.SIGTERM)
                for thread in threads:
                    thread.join(60 * Programs.slow)
                assert daemon.wait() == 0 and not failures, failures
                assert all(reply.startswith("550 5.7.1 ") for reply in answered), set(answered)
                assert len(daemon.decisions()) == len(answered)


def test_term_does_not_wait_for_ever():
    with Daemon(drain=1) as daemon, daemon.session() as mta:
        mta.mail("<news@microsoft.com>")
        begun = time.monotonic()
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
        assert 0.9 < time.monotonic() - begun < 4 * Programs.slow
        assert daemon.logged("1 messages were left without an answer")
        try:
            mta.rcpt("<user@contoso.example>")
            mta.eom()
            raise AssertionError("an answer of a daemon that has ended")
        except (Gone, OSError):
            pass


def test_a_second_term_ends_at_once():
    with Daemon(drain=60) as daemon, daemon.session() as mta:
        mta.mail("<news@microsoft.com>")
        daemon.signal(signal.SIGTERM)
        until(lambda: daemon.logged("ending: 1 messages"), what="draining")
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0


def test_in_monitor_mode_an_ending_daemon_delays_nothing():
    with Daemon(mode="monitor") as daemon, daemon.session() as running, daemon.session() as waiting:
        running.mail("<news@microsoft.com>")
        daemon.signal(signal.SIGTERM)
        until(lambda: daemon.logged("ending: 1 messages"), what="draining")
        assert waiting.mail("<news@microsoft.com>") == "accept"
        running.abort()
        assert daemon.wait() == 0


def test_an_idle_daemon_ends_at_once():
    for number in (signal.SIGTERM, signal.SIGINT):
        with Daemon() as daemon, daemon.session() as mta:
            mta.message(headers=INCIDENT)
            daemon.signal(number)
            assert daemon.wait() == 0 and daemon.logged("csp-milter ended")


def one_line(log, *words):
    lines = [line for line in log.splitlines() if line]
    assert len(lines) == 1 and all(word in lines[0] for word in words), log


def test_a_second_daemon_on_a_live_socket_refuses():
    for transport in ("unix", "inet", "inet6"):
        with Daemon(transport) as daemon, daemon.session() as mta:
            status, log = Daemon.run_to_end(daemon_like(daemon))
            assert status == EX_UNAVAILABLE, (status, log)
            one_line(log, "milter.socket", "listens there")
            assert mta.message(headers=OPERATIONAL).changes
            with daemon.session() as other:
                assert other.message(headers=OPERATIONAL).changes
            assert daemon.status()["pid"] == daemon.process.pid


def daemon_like(daemon):
    """A second daemon with the first one's configuration."""
    second = Daemon.__new__(Daemon)
    second.__dict__.update(daemon.__dict__)
    second.log = []
    return second


def test_a_stale_socket_is_replaced():
    with Daemon(start=False) as daemon:
        for path in (daemon.address, daemon.path("run/control.sock")):
            with socket.socket(socket.AF_UNIX) as stale:
                stale.bind(path)
        daemon.start()
        with daemon.session() as mta:
            assert mta.message(headers=OPERATIONAL).changes


def test_after_a_kill_the_daemon_starts_anew():
    with Daemon() as daemon:
        with daemon.session() as mta:
            assert mta.message(headers=SUBSCRIPTION).reply
        daemon.process.kill()
        daemon.wait()
        with open(daemon.journal, "a", encoding="utf-8") as stream:
            stream.write('{"torn')
        daemon.log = []
        daemon.start()
        with daemon.session() as mta:
            mta.message(headers=INCIDENT)
        with open(daemon.journal, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
        assert len(lines) == 3 and lines[1] == '{"torn', lines


def test_what_stands_in_the_sockets_place_is_refused():
    with Daemon(start=False) as daemon:
        other = daemon.path("run/other")
        with open(daemon.address, "w", encoding="utf-8"):
            pass
        status, log = daemon.run_to_end()
        assert status == EX_CANTCREAT, (status, log)
        one_line(log, "no socket")
        os.unlink(daemon.address)
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(other)
        os.symlink(other, daemon.address)
        daemon.log = []
        status, log = daemon.run_to_end()
        assert status == EX_CANTCREAT and os.path.lexists(other), (status, log)
        one_line(log, "symbolic link")


def test_a_missing_folder_is_named():
    for settings, word in (({"path": "/nonexistent/csp/milter.sock"}, "milter.socket"),
                           ({"journal": "/nonexistent/csp/journal"}, "journal.path")):
        with Daemon(start=False, **settings) as daemon:
            status, log = daemon.run_to_end()
            assert status == EX_CANTCREAT, (status, log)
            one_line(log, word, "/nonexistent/csp")
            assert not os.path.exists(daemon.path("run/control.sock"))


def test_a_user_without_permission_is_told():
    if os.geteuid() != 0:
        raise Skip("needs root")
    with Daemon(start=False) as daemon:
        status, log = daemon.run_to_end(wrapper=NOBODY)
        assert status == EX_NOPERM, (status, log)
        one_line(log, "milter.socket", "permission")
        os.chown(daemon.path("run"), 65534, 65534)
        daemon.log = []
        status, log = daemon.run_to_end(wrapper=NOBODY)
        assert status == EX_NOPERM, (status, log)
        one_line(log, "journal.path", "ermission")
        assert os.listdir(daemon.path("run")) == []


def test_sockets_of_another_user_are_refused():
    if os.geteuid() != 0:
        raise Skip("needs root")
    with Daemon(start=False) as daemon:
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(daemon.address)
        os.chown(daemon.address, 4711, 4711)
        status, log = daemon.run_to_end()
        assert status == EX_NOPERM, (status, log)
        one_line(log, "another user")


def test_root_changes_to_the_user_for_good():
    if os.geteuid() != 0:
        raise Skip("needs root")
    with Daemon(start=False, user="nobody", milter='socket_mode = "0666";') as daemon:
        for name in ("run", "log"):
            os.chown(daemon.path(name), 65534, 65534)
        os.chmod(daemon.path("directory"), 0o755)
        for name in os.listdir(daemon.path("directory")):
            os.chown(daemon.path("directory/" + name), 65534, 65534)
        daemon.start()
        with open(f"/proc/{daemon.process.pid}/status", encoding="utf-8") as stream:
            facts = dict(line.rstrip().split(":\t", 1) for line in stream)
        assert facts["Uid"].split() == ["65534"] * 4 and facts["Gid"].split() == ["65534"] * 4, facts
        assert facts["Groups"].split() in ([], ["65534"]), facts
        found = os.stat(daemon.address)
        assert found.st_uid == 65534 and stat.S_IMODE(found.st_mode) == 0o666
        assert os.stat(daemon.journal).st_uid == 65534
        with daemon.session() as mta:
            assert mta.message(headers=SUBSCRIPTION).reply
        os.rename(daemon.journal, daemon.journal + ".1")
        daemon.signal(signal.SIGUSR1)
        until(lambda: os.path.exists(daemon.journal), what="a new journal")


def test_the_sockets_mode_and_group_are_set():
    group = 65534 if os.geteuid() == 0 else os.getegid()
    name = grp.getgrgid(group).gr_name
    with Daemon(milter=f'socket_mode = "0620"; socket_group = "{name}";') as daemon:
        found = os.stat(daemon.address)
        assert stat.S_IMODE(found.st_mode) == 0o620 and found.st_gid == group, found


def test_wrong_calls_and_configurations_do_not_start():
    for arguments, status in ((["--nonsense"], EX_USAGE), (["extra"], EX_USAGE), (["-c", "/nonexistent"], EX_NOINPUT),
                              (["--help"], 0), (["-V"], 0)):
        done = subprocess.run([Programs.daemon, *arguments, *(["--stderr"] if status == EX_NOINPUT else [])],
                              capture_output=True, text=True, timeout=30)
        assert done.returncode == status, (arguments, done)
        assert (done.stdout if status == 0 else done.stderr).strip(), arguments
    for settings, status, word in (({"socket": "inet:8895"}, EX_CONFIG, "socket"),
                                   ({"socket": "inet:127.0.0.1:8895"}, EX_CONFIG, "socket"),
                                   ({"extra": "x = 1;"}, EX_CONFIG, "csp-milter.conf:"),
                                   ({"user": "no-such-user"}, EX_NOUSER, "no-such-user")):
        with Daemon(start=False, directory=False, **settings) as daemon:
            found, log = daemon.run_to_end()
            assert found == status and word in log, (settings, found, log)


def test_checking_changes_nothing_and_finds_what_is_wrong():
    with Daemon(start=False) as daemon:
        def check():
            done = subprocess.run([Programs.daemon, "-n", "-c", daemon.conf()], capture_output=True, text=True, timeout=60)
            return done.returncode, done.stderr

        status, log = check()
        assert status == 0 and "is right" in log, (status, log)
        assert os.listdir(daemon.path("run")) == [] and os.listdir(daemon.path("log")) == []
        daemon.write_conf(directory_path=daemon.path("nowhere"), journal=daemon.path("missing/journal"))
        status, log = check()
        assert status == EX_CANTCREAT and "journal.path" in log and "directory.path" in log, (status, log)
        daemon.write_conf(journal=daemon.path("log/journal"))
        status, log = check()
        assert status == EX_NOINPUT and "nowhere" in log, (status, log)
        os.symlink("elsewhere", daemon.path("log/link"))
        for settings, word in (({"journal": daemon.path("log/link")}, "symbolic link"),
                               ({"journal": daemon.path("log")}, "no regular file"),
                               ({"socket": "unix:" + daemon.conf()}, "no socket"),
                               ({"socket": "inet:8895@203.0.113.1"}, "assign")):
            daemon.write_conf(**{"journal": daemon.journal, "socket": daemon.socket, **settings})
            status, log = check()
            assert status == EX_CANTCREAT and word in log, (settings, status, log)


def test_checking_beside_a_running_daemon_finds_nothing_wrong():
    for transport in ("unix", "inet"):
        with Daemon(transport) as daemon:
            done = subprocess.run([Programs.daemon, "-n", "-c", daemon.conf()], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            with daemon.session() as mta:
                mta.message(headers=OPERATIONAL)


def test_a_help_that_cannot_be_written_is_told():
    for option in ("--help", "--version"):
        with open("/dev/full", "w") as full:
            done = subprocess.run([Programs.daemon, option], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == EX_IOERR and "No space" in done.stderr, done


def test_status_and_reload_need_a_daemon():
    with Daemon(start=False, directory=False) as daemon:
        for verb in ("status", "reload"):
            done = daemon.ctl(verb, "-c", daemon.conf())
            assert done.returncode == EX_UNAVAILABLE, done
            one_line(done.stderr, "not running")


def check_with_promtool(metrics):
    """Prometheus takes what we say of ourselves, and the sample alerts ask for nothing that is not said."""
    if not PROMTOOL.exists():
        return
    for words in (["check", "metrics"], ["check", "rules", ALERTS]):
        checked = subprocess.run([PROMTOOL, *words], input=metrics, capture_output=True, text=True, timeout=60)
        assert checked.returncode == 0 and not checked.stderr, (checked.stdout, checked.stderr)
    asked = set(re.findall(r"csp_milter_\w+", " ".join(re.findall("expr:.*", ALERTS.read_text()))))
    assert asked and not [name for name in asked if f"\n{name}" not in metrics], asked


def test_status_tells_what_is_going_on():
    with Daemon() as daemon, daemon.session() as mta:
        mta.message(headers=SUBSCRIPTION)
        status = daemon.status()
        assert status["schema"] == "csp-milter/control/1" and status["ok"] and status["pid"] == daemon.process.pid
        assert (status["mode"], status["draining"], status["reload"]) == ("enforce", False, None), status
        found = status["directory"]
        assert (found["path"], found["state"], found["customers"], found["partners"]) == (daemon.path("directory"), 1, 1, 1), found
        assert (found["too_old"], found["error"]) == (False, None) and 0 <= found["age"] < 60 and found["updated"], found
        assert status["journal"]["healthy"] and status["journal"]["appended"] == 1, status
        assert status["counters"]["rejected"] == 1 and status["counters"]["sessions_open"] == 1, status
        assert 0 < status["descriptors"]["open"] < status["descriptors"]["limit"], status
        table = daemon.ctl("status", "-c", daemon.conf())
        assert table.returncode == 0 and "enforce" in table.stdout and status["policy"] in table.stdout, table
        assert f"state 1, 1 customers, 1 partners, {daemon.path('directory')}\n" in table.stdout, table
        assert " updated 20" in table.stdout and "FAULT" not in table.stdout and "OLD" not in table.stdout, table
        metrics = daemon.ctl("status", "-c", daemon.conf(), "--prometheus").stdout
        assert 'csp_milter_answers_total{action="rejected"} 1\n' in metrics, metrics
        assert "csp_milter_journal_up 1\n" in metrics and "csp_milter_directory_up 1\n" in metrics
        for name in ("decision", "record", "answer"):
            timing, lines = status["times"][name], [line for line in metrics.splitlines() if line.startswith(f"csp_milter_{name}_seconds")]
            counts = [count for _, count in timing["steps"]]
            assert timing["count"] == 1 and counts == sorted(counts) and 0 < timing["sum"] < 10000000 * Programs.slow, timing
            assert lines[-3:][0] == f'csp_milter_{name}_seconds_bucket{{le="+Inf"}} 1' and lines[-1] == f"csp_milter_{name}_seconds_count 1", lines
            assert [int(line.rsplit(" ", 1)[1]) for line in lines[:len(counts)]] == counts, (lines, counts)
            assert f"{name}: half up to " in table.stdout, table.stdout
        check_with_promtool(metrics)


def test_rude_control_clients_are_dropped():
    with Daemon() as daemon, daemon.session() as mta:
        rude = []
        for request in (b"", b"x" * 10000, b"stat", b"nonsense\n", b"\0\n"):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(10 * Programs.slow)
            sock.connect(daemon.path("run/control.sock"))
            try:
                sock.sendall(request)
            except OSError:
                pass
            rude.append((request, sock))
        for request, sock in rude:
            try:
                answer = sock.recv(4096)
            except ConnectionError:
                answer = b""
            assert (b'"ok":false' in answer) == request.endswith(b"\n"), (request, answer)
            sock.close()
        assert daemon.status()["ok"]
        assert mta.message(headers=OPERATIONAL).changes


class Manager:
    """A service manager's end of sd_notify(3)."""

    def __init__(self, daemon, watchdog_seconds=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(daemon.path("notify"))
        self.environment = [f"NOTIFY_SOCKET={daemon.path('notify')}"]
        if watchdog_seconds:
            self.environment.append(f"WATCHDOG_USEC={watchdog_seconds * 1000000}")

    def hear(self, seconds):
        """All that is said in so many seconds."""
        said, end = [], time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                said += self.socket.recv(4096).decode().splitlines()
            except TimeoutError:
                break
        return said


def test_the_service_manager_is_told():
    with Daemon(start=False) as daemon:
        manager = Manager(daemon)
        daemon.start(wrapper=["env", *manager.environment])
        policy = daemon.status()["policy"]
        assert manager.hear(1.5) == [f"STATUS=mode enforce, policy {policy}", "READY=1"]
        assert daemon.ctl("reload", "-c", daemon.conf()).returncode == 0
        said = manager.hear(1)
        assert said[0] == "RELOADING=1" and said[1].startswith("MONOTONIC_USEC=") and said[2:] == [f"STATUS=mode enforce, policy {policy}", "READY=1"], said
        assert abs(int(said[1].partition("=")[2]) / 1e6 - time.monotonic()) < 30, said
        daemon.stop()
        assert "STOPPING=1" in manager.hear(0.5)


def test_the_watchdog_hears_of_a_daemon_that_answers_and_of_no_other():
    for transport in ("unix", "inet", "inet6"):
        with Daemon(transport, start=False) as daemon:
            manager = Manager(daemon, 2)
            daemon.start(wrapper=["env", *manager.environment])
            assert manager.hear(3.5).count("WATCHDOG=1") >= 2
            if transport != "unix":
                continue
            # Every descriptor is taken, so no mail server gets in any more.
            limit = len(os.listdir(f"/proc/{daemon.process.pid}/fd")) + 20
            resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
            crowd = [daemon.client() for _ in range(8)]
            until(lambda: daemon.logged("the own socket does not answer"), 20, what="a daemon that cannot answer")
            manager.hear(0.1)
            assert "WATCHDOG=1" not in manager.hear(3)
            for client in crowd:
                client.close()
            until(lambda: "WATCHDOG=1" in manager.hear(1), 30, what="a daemon that answers again")


def test_many_descriptors_are_asked_for():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Daemon(start=False) as daemon:
        daemon.start(before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)))
        assert daemon.status()["descriptors"]["limit"] == min(hard, 65536)
        assert soft


TESTS = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
