"""A private folder and the processes that live in it; both are gone when the workspace is left, however that happens."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1


class RigError(Exception):
    """The rig itself does not work; says why, with the end of the log that knows more."""


def wait_until(what, condition, seconds):
    """Calls condition until it gives something true, which is the result; a RigError after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise RigError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(address):
    """Whether somebody listens at ("127.0.0.1", port) or at a socket's path."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


def _die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """A program in a process group of its own, its output in a log file."""

    def __init__(self, argv, log, env=None, stop_signal=signal.SIGTERM):
        self.log = log
        self._stop_signal = stop_signal
        with open(log, "ab") as out:
            self._child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
                start_new_session=True, preexec_fn=_die_with_parent)
        self.pid = self._child.pid

    def running(self):
        return self._child.poll() is None

    def signal(self, number):
        self._child.send_signal(number)

    def ask_to_stop(self):
        if self.running():
            self.signal(self._stop_signal)

    def stop(self):
        """Asks the program to end, then ends its whole group; its exit status."""
        self.ask_to_stop()
        if self.running():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return self._child.wait(STOP_SECONDS)

    def log_tail(self, lines=20):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def wait_for(self, what, condition, seconds=15):
        """Waits for the condition as long as the program runs."""
        def check():
            if not self.running():
                raise RigError(f"{what}: the program ended with status {self._child.returncode}")
            return condition()
        try:
            return wait_until(what, check, seconds)
        except RigError as error:
            raise RigError(f"{error}\n{self.log_tail()}") from None


class Workspace:
    """The folder is root's own and below no world-writable one, else Sendmail refuses the sockets in it."""

    def __init__(self, parent="/run"):
        self.path = tempfile.mkdtemp(prefix="csp-milter-", dir=parent)
        os.chmod(self.path, 0o755)
        self._processes = []

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in self._processes:
            process.ask_to_stop()
        while self._processes:
            self._processes.pop().stop()
        shutil.rmtree(self.path, ignore_errors=True)

    def folder(self, name, mode=0o755):
        path = os.path.join(self.path, name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        return path

    def spawn(self, name, argv, env=None, **options):
        process = Process(argv, os.path.join(self.folder("log"), name + ".log"), env, **options)
        self._processes.append(process)
        return process


def _interrupt(number, _frame):
    raise SystemExit(128 + number)
