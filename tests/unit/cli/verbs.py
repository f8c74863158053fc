"""Runs the verbs of csp-milterctl for the tests; the program's path is the script's first argument."""

import os
import pty
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = None


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


class VerbTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="csp-verb-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, 0o640)
        return path

    @staticmethod
    def environment(**more):
        keep = {k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_", "LSAN_", "TSAN_")) or k == "PATH"}
        return {**keep, "LC_ALL": "C", "TZ": "UTC", **more}

    def run_verb(self, *words, stdin=b"", **environment):
        done = subprocess.run([PROGRAM, *words], input=stdin, capture_output=True, timeout=60,
                              env=self.environment(**environment), cwd=self.folder)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def on_terminal(self, *words, columns=200, **environment):
        """What is written to a terminal of so many columns."""
        master, slave = pty.openpty()
        child = subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL,
                                 env=self.environment(COLUMNS=str(columns), **environment), cwd=self.folder)
        os.close(slave)
        seen = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        os.close(master)
        self.assertEqual(child.wait(60), 0)
        return seen.decode()

    def assert_says(self, result, status, out="", err=None):
        self.assertEqual((result.status, result.out), (status, out), result.err)
        if err is not None:
            self.assertEqual(result.err, err)

    def assert_usage(self, result, verb, message):
        self.assert_says(result, 64, "", f"csp-milterctl: {message}\nTry 'csp-milterctl {verb} --help'.\n")


def main():
    global PROGRAM
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
