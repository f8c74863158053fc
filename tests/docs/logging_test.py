#!/usr/bin/env python3
"""The samples for rsyslog and systemd: a real rsyslogd sorts the daemon's lines and ships a journal over its rotation.

usage: logging_test.py SOURCE
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SAMPLES = None
LINE = "<22>Nov 23 10:00:00 csp-milter[812]: {}"  # as syslog(3) sends it
DECISION = "4cQ1: block decision=01m830bsczek2vp3zrpn05nryc rule=subscription from=<a@b.example> action=reject mode=enforce"
FAULT = "4cQ2: tempfail decision=01m830bsczek2vp3zrpn05nrye fault=journal (the record cannot be written)"


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


class LoggingTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="csp-logging-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def sample(self, name, **places):
        text = (SAMPLES / name).read_text()
        for old, new in places.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        return text

    def rsyslog(self, text):
        conf = self.folder / "rsyslog.conf"
        conf.write_text(f'global(workDirectory="{self.folder}")\n{text}')
        checked = subprocess.run(["rsyslogd", "-N1", "-f", conf], capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertNotIn("error", checked.stderr.lower().replace("no errors", ""))
        child = subprocess.Popen(["rsyslogd", "-n", "-f", conf, "-i", self.folder / "pid"], stderr=subprocess.DEVNULL)
        self.addCleanup(child.wait, 20)
        self.addCleanup(child.terminate)

    def test_lines_of_decisions_and_of_faults_have_files_of_their_own(self):
        text = self.sample("rsyslog-decisions.conf", **{"/var/log": str(self.folder)})
        self.rsyslog(f'module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="{self.folder}/socket")\n{text}\n'
                     f'action(type="omfile" file="{self.folder}/rest.log")\n')
        self.assertTrue(wait_for((self.folder / "socket").exists))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.connect(str(self.folder / "socket"))
            for text in (LINE.format(DECISION), LINE.format(FAULT), LINE.format(DECISION).replace("csp-milter[", "postfix/smtpd[")):
                log.send(text.encode())
        read = lambda name: (self.folder / name).read_text() if (self.folder / name).exists() else ""
        self.assertTrue(wait_for(lambda: "smtpd" in read("rest.log")))
        self.assertEqual(read("csp-milter-decisions.log").count(DECISION), 1)
        self.assertEqual(read("csp-milter-decisions.log").count("\n"), 1)
        self.assertEqual(read("csp-milter-faults.log").count(FAULT), 1)
        self.assertNotIn(DECISION, read("rest.log").replace("postfix/smtpd[812]: " + DECISION, ""))

    def test_a_journal_is_shipped_over_its_rotation(self):
        journal = self.folder / "log" / "decisions.jsonl"
        journal.parent.mkdir()
        journal.write_text("")
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        server.settimeout(30)
        self.rsyslog(self.sample("rsyslog-ship.conf", **{"/var/log/csp-milter/decisions.jsonl": str(journal), "collector.example": "127.0.0.1",
                                                        '"6514"': f'"{server.getsockname()[1]}"'}))
        lines = ['{"schema":"csp-milter/decision/1","decision":"%026d","subject":"%s"}\n' % (n, "\u00e9\\u0000 %s $" * (1 + n % 3 * 3000)) for n in range(60)]
        time.sleep(1)
        for number, line in enumerate(lines):
            if number % 20 == 19:
                # The file is renamed, the daemon goes on in a new one; the shipper is given the time to see it.
                time.sleep(1.5)
                os.rename(journal, f"{journal}.{number}")
            with open(journal, "a", encoding="utf-8") as file:
                file.write(line)
        connection, _ = server.accept()
        self.addCleanup(connection.close)
        connection.settimeout(1)
        got = b""

        def all_came():
            nonlocal got
            try:
                got += connection.recv(1 << 20)
            except TimeoutError:
                pass
            return got.count(b"\n") >= len(lines)
        self.assertTrue(wait_for(all_came, 40), got.count(b"\n"))
        self.assertEqual(sorted(got.decode().splitlines(True)), sorted(lines))

    def test_the_units_of_the_digest_are_right(self):
        for name in ("csp-milter-digest.service", "csp-milter-digest.timer"):
            text = (SAMPLES / name).read_text().replace("User=csp-digest\n", "").replace("Group=csp-review\n", "")
            (self.folder / name).write_text(text)
        checked = subprocess.run(["systemd-analyze", "verify", "--man=no", self.folder / "csp-milter-digest.timer",
                                  self.folder / "csp-milter-digest.service"], capture_output=True, text=True, timeout=60)
        wrong = [line for line in checked.stderr.splitlines() if "csp-milter-digest" in line]
        self.assertEqual(wrong, [], checked.stderr)


if __name__ == "__main__":
    SAMPLES = pathlib.Path(sys.argv.pop(1)) / "docs" / "samples" / "logging"
    unittest.main()
