"""What nobody polite sends: garbage, half packets, floods of them, and every order of commands there is."""

import os
import random
import resource
import signal
import socket
import struct
import threading
import time

from daemon import INCIDENT, OPERATIONAL, SUBSCRIPTION, Daemon, Programs, Skip, until
from protocol import Gone, packet

SEED = 20261123
KINDS = {"accept": INCIDENT, "flag": OPERATIONAL, "reject": SUBSCRIPTION}


def action_of(answer):
    if answer.verdict == "continue":
        return "flag" if any(change[0] == "add" for change in answer.changes) else "accept"
    return "reject" if answer.reply and answer.reply.startswith("550 ") else answer.verdict


class Walk:
    """A session that goes its way at random and knows what every answer must be."""

    def __init__(self, mta, dice, name):
        self.mta, self.dice, self.name = mta, dice, name
        self.count = 0
        self.expected = {}

    def step_until(self, stop, rcpts, headers, sender):
        """The steps of one message; gives False where it was left at `stop`."""
        steps = [lambda: self.mta.mail(sender, daemon_name="outside")]
        steps += [lambda rcpt=rcpt: self.mta.rcpt(rcpt) for rcpt in rcpts]
        steps.append(self.mta.data)
        steps += [lambda field=field: self.mta.header(*field) for field in headers]
        steps.append(lambda: self.mta.eoh(i=f"{self.name}-{self.count}"))
        for number, step in enumerate(steps):
            if number == stop:
                return False
            step()
        return stop is None or stop > len(steps)

    def message(self):
        self.count += 1
        identity = f"{self.name}-{self.count}"
        kind = self.dice.choice(list(KINDS))
        rcpts = [f"<{identity}.{i}@contoso.example>" for i in range(self.dice.randint(1, 4))]
        forged = self.dice.randint(0, 2)
        headers = KINDS[kind] + [("X-Identity", identity)] + [("X-CSP-Policy", "forged")] * forged
        stop = self.dice.choice([None, None, self.dice.randint(1, len(rcpts) + len(headers) + 3)])
        if not self.step_until(stop, rcpts, headers, f"<{identity}@microsoft.com>"):
            # An abort, a message that starts anew without one, or the next greeting.
            self.dice.choice([self.mta.abort, self.mta.abort, lambda: None, self.mta.helo])()
            return
        answer = self.mta.eom(i=identity)
        assert action_of(answer) == kind, (identity, kind, answer)
        removed = sum(1 for change in answer.changes if change[0] == "change")
        assert removed == (0 if kind == "reject" else forged), (identity, forged, answer)
        self.expected[f"<{identity}@microsoft.com>"] = (rcpts, kind)


def check_records(daemon, expected):
    found = {record["reverse_path"]: record for record in daemon.decisions()}
    assert len(found) == len(daemon.decisions()) == len(expected), (len(daemon.decisions()), len(expected))
    for sender, (rcpts, kind) in expected.items():
        record = found[sender]
        assert [rcpt["address"] for rcpt in record["recipients"]] == rcpts, record
        assert record["action"] == kind and record["queue_id"] == sender[1:].split("@")[0], record


def test_no_state_survives_any_order_of_commands():
    dice = random.Random(SEED)
    expected = {}
    with Daemon() as daemon:
        for session in range(150):
            mta = daemon.session()
            walk = Walk(mta, dice, f"s{session}")
            for _ in range(20):
                walk.message()
            expected.update(walk.expected)
            dice.choice([mta.quit, mta.close, lambda: None])()
            mta.close()
        assert len(expected) > 1000
        check_records(daemon, expected)
        until(lambda: daemon.status()["counters"]["sessions_open"] == 0, what="the end of all sessions")


def test_interleaved_sessions_do_not_mix():
    dice = random.Random(SEED + 1)
    expected = {}
    with Daemon("inet") as daemon:
        walks = [Walk(daemon.session(), dice, f"p{i}") for i in range(20)]
        for _ in range(600):
            dice.choice(walks).message()
        for walk in walks:
            expected.update(walk.expected)
            walk.mta.close()
        check_records(daemon, expected)


def test_an_abort_at_every_point_leaves_the_next_message_clean():
    with Daemon() as daemon, daemon.session() as mta:
        walk = Walk(mta, random.Random(SEED), "a")
        for stop in range(1, 8):
            walk.count += 1
            walk.step_until(stop, ["<a@contoso.example>", "<b@contoso.example>"], SUBSCRIPTION, "<x@microsoft.com>")
            mta.abort()
            answer = mta.message(rcpts=["<c@contoso.example>"], headers=INCIDENT)
            assert (answer.verdict, answer.changes) == ("continue", []), (stop, answer)
            assert [r["address"] for r in daemon.decisions()[-1]["recipients"]] == ["<c@contoso.example>"]


def test_a_tcp_health_check_does_nothing():
    with Daemon("inet") as daemon:
        for _ in range(200):
            daemon.client().close()
        with daemon.session() as mta:
            assert mta.message(headers=OPERATIONAL).changes
        until(lambda: daemon.status()["counters"]["sessions_open"] == 0, what="the end of all sessions")


def garbage(dice):
    kind = dice.randint(0, 6)
    negotiation = packet(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
    if kind == 0:
        return dice.randbytes(dice.randint(1, 400))
    if kind == 1:
        return struct.pack(">I", dice.choice([0, 0x7FFFFFFF, 0xFFFFFFFF, 2 << 20])) + dice.randbytes(50)
    if kind == 2:
        return negotiation[:dice.randint(1, len(negotiation) - 1)]
    if kind == 3:
        return negotiation + b"".join(packet(bytes([dice.randint(0, 255)]), dice.randbytes(dice.randint(0, 60)))
                                      for _ in range(20))
    if kind == 4:
        commands = b"CHMRTLNEABUDKQ"
        return negotiation + b"".join(
            packet(bytes([dice.choice(commands)]), dice.choice([b"", b"\0", b"a\0", b"a\0b\0", b"<x@y>\0" * 3, b"M\0"]))
            for _ in range(30))
    if kind == 5:
        return packet(b"O", struct.pack(">III", dice.choice([0, 1, 2, 5, 7, 99]), dice.getrandbits(32), dice.getrandbits(32)))
    return negotiation + packet(b"C", b"x\0" + dice.choice([b"4", b"6", b"L", b"?"]) + dice.randbytes(9))


def test_garbage_ends_its_own_session_alone():
    dice = random.Random(SEED + 2)
    with Daemon() as daemon, daemon.session() as good:
        for _ in range(1500):
            with socket.socket(daemon.family) as bad:
                bad.settimeout(5)
                bad.connect(daemon.address)
                try:
                    bad.sendall(garbage(dice))
                    if dice.random() < 0.2:
                        bad.shutdown(socket.SHUT_WR)
                        while bad.recv(4096):
                            pass
                except OSError:
                    pass
        assert good.message(headers=OPERATIONAL).changes
        assert daemon.process.poll() is None
        until(lambda: daemon.status()["counters"]["sessions_open"] == 1, what="the end of the bad sessions")


def test_an_oversized_packet_ends_its_session_alone():
    with Daemon() as daemon, daemon.session() as good:
        with daemon.session() as bad:
            bad.mail("<a@b.example>")
            bad.rcpt("<user@contoso.example>")
            bad.header("X-Big", "x" * (2 << 20))
            try:
                bad.eom()
                raise AssertionError("an answer to an oversized packet")
            except (Gone, OSError):
                pass
        assert good.message(headers=OPERATIONAL).changes


def test_half_packets_of_many_do_not_stop_others():
    with Daemon() as daemon, daemon.session() as before:
        half = [daemon.client(timeout=30) for _ in range(500)]
        for number, mta in enumerate(half):
            mta.sock.sendall(packet(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))[:1 + number % 10])
        # libmilter may make others wait for a thread, but not for long: an MTA has more patience than this.
        with daemon.client(timeout=30).begin() as mta:
            for _ in range(10):
                assert mta.message(headers=OPERATIONAL).changes and before.message(headers=OPERATIONAL).changes
        # They do not keep their threads until the session's timeout of 330 seconds.
        for mta in half:
            try:
                assert mta.sock.recv(1) == b""
            except ConnectionResetError:
                pass
            mta.close()


def many_descriptors(count):
    """For this process: for its own end of many sessions."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count:
        raise Skip(f"needs {count} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def test_two_thousand_idle_sessions_leave_room_for_others():
    many_descriptors(4096)
    for transport in ("unix", "inet"):
        with Daemon(transport) as daemon:
            idle = [daemon.session() for _ in range(2000)]
            assert daemon.status()["counters"]["sessions_open"] == 2000
            with daemon.session() as mta:
                for kind, headers in KINDS.items():
                    assert action_of(mta.message(headers=headers)) == kind
            # None of them was forgotten.
            for mta in idle:
                assert mta.message(headers=OPERATIONAL).changes
                mta.close()
            until(lambda: daemon.status()["counters"]["sessions_open"] == 0, 30, what="the end of all sessions")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_out_of_descriptors_the_sessions_there_are_go_on():
    for transport in ("unix", "inet"):
        with Daemon(transport) as daemon, daemon.session() as mta:
            limit = len(os.listdir(f"/proc/{daemon.process.pid}/fd")) + 40
            resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
            crowd = [daemon.client() for _ in range(100)]
            until(lambda: daemon.logged("descriptors"), what="a word about it")
            used, begun = cpu_seconds(daemon.process.pid), time.monotonic()
            for _ in range(20):
                for kind, headers in KINDS.items():
                    answer = mta.message(headers=headers)
                    assert action_of(answer) == kind, (answer, daemon.text())
                time.sleep(0.1)
            # What else a daemon does goes on as well.
            os.rename(daemon.journal, daemon.journal + ".1")
            daemon.signal(signal.SIGUSR1)
            until(lambda: os.path.exists(daemon.journal), what="a new journal")
            assert daemon.ctl("reload", "-c", daemon.conf()).returncode == 0 and daemon.status()["directory"]["error"] is None
            assert mta.message(headers=SUBSCRIPTION).reply
            busy = (cpu_seconds(daemon.process.pid) - used) / (time.monotonic() - begun)
            assert busy < 0.5, f"{busy:.2f} of a processor"
            for client in crowd:
                client.close()
            with daemon.session() as other:
                assert other.message(headers=OPERATIONAL).changes
            assert len(daemon.decisions()) + len(daemon.decisions(daemon.journal + ".1")) == 62
            assert not daemon.logged("gone or damaged"), daemon.text()


def test_commands_without_their_forerunners_are_survived():
    with Daemon() as daemon:
        for first in "CHMRTLNEAU":
            with daemon.client() as mta:
                mta.sock.sendall(packet(first.encode(), b"<x@y.example>\0\0"))
            with daemon.client().negotiate() as mta:
                mta.sock.sendall(packet(first.encode(), b"<x@y.example>\0\0") + packet(b"Q"))
        with daemon.session() as mta:
            assert mta.message(headers=OPERATIONAL).changes


def test_many_sessions_at_once_are_all_answered():
    with Daemon("inet") as daemon:
        failures = []

        def talk():
            try:
                for _ in range(5):
                    with daemon.session() as mta:
                        for kind, headers in KINDS.items():
                            assert action_of(mta.message(headers=headers)) == kind
            except Exception as error:
                failures.append(repr(error))

        threads = [threading.Thread(target=talk) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60 * Programs.slow)
        assert not failures, failures[:3]
        counters = daemon.status()["counters"]
        assert counters["messages"] == 64 * 15 and counters["rejected"] == 64 * 5, counters
        assert len(daemon.decisions()) == 64 * 15


TESTS = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
