#!/usr/bin/env python3
"""csp-milter behind a real Postfix and a real Sendmail: what arrives, what is refused, what the client is told.

usage: run.py [--build FOLDER] [--only TEXT] [--messages N]

--messages 6000 is the long run of random messages through Postfix; without it there are 300.

Ends with "N passed, N failed"; exit status 0, 1 when something failed, 77 when not run by root.
"""

import argparse
import os
import subprocess
import sys
import time
import traceback

import actions
import scenarios
from rig.cases import DIRECTORY, OWN_DOMAIN, SOURCE, VENDOR
from rig.client import Client
from rig.milter import Filter
from rig.postfix import Postfix
from rig.sendmail import Sendmail
from rig.sink import Sink
from rig.workspace import Workspace

SKIPPED = 77
UNPACKED = os.path.join(SOURCE, "build", "mta")


class Lane:
    """A way into the gateway: a mail server, one of its listeners, and the filter behind that listener or None."""

    def __init__(self, name, mta, listener, milter):
        self.name = name
        self.mta = mta
        self.listener = listener
        self.filter = milter

    def client(self, source="127.0.0.1", **options):
        return Client(self.mta.ports[self.listener], source, **options)


class Gateway:
    """Both mail servers, each with listeners for every filter and one without, in front of one sink."""

    def __init__(self, workspace, build):
        self.sink = Sink(workspace.folder("sink"))
        self.filters = {
            "enforce": self._filter(workspace, "enforce", build),
            "inet": self._filter(workspace, "inet", build, inet=True),
            "monitor": self._filter(workspace, "monitor", build, mode="monitor"),
        }
        enforce = self.filters["enforce"]
        self.postfix = Postfix(workspace, os.path.join(UNPACKED, "postfix"), f"smtp:[127.0.0.1]:{self.sink.port}",
                               submission_milter=enforce.endpoint.postfix)
        self.sendmail = Sendmail(workspace, os.path.join(UNPACKED, "sendmail"),
                                 os.path.join(build, "tests", "mta", "libmta-host.so"), self.sink.port)
        for mta in (self.postfix, self.sendmail):
            words = "postfix" if mta is self.postfix else "libmilter"
            mta.listen("plain")
            for name in ("lindenhof", "reinjected"):
                mta.listen(name, getattr(enforce.endpoint, words))
            for name, milter in self.filters.items():
                mta.listen(name, getattr(milter.endpoint, words))
            mta.start()
        self._numbers = 0
        self.mixed = None  # the setting for mixed recipients, once actions.py has set its policy

    @staticmethod
    def _filter(workspace, name, build, **options):
        milter = Filter(workspace, name, build, os.path.join(SOURCE, "conf"), own_domains=[OWN_DOMAIN],
                        vendor_network=VENDOR + "/32", not_judged=["reinjected"], **options)
        milter.import_directory(DIRECTORY)
        return milter.start()

    def lane(self, mta, listener):
        return Lane(f"{mta}, {listener}", getattr(self, mta), listener,
                    self.filters.get("enforce" if listener in ("lindenhof", "reinjected") else listener))

    def message_id(self):
        self._numbers += 1
        return f"<{self._numbers}.{os.getpid()}@test.example>"


def _prepare():
    """Tests may be run without tests/run.sh: unpacking a mail server changes nothing on the machine."""
    subprocess.run(["sh", os.path.join(SOURCE, "packaging", "deps.sh"), "servers"], check=True)


def _all_tests(gateway, messages):
    yield from scenarios.all_tests(gateway)
    yield from actions.all_tests(gateway, messages)
    yield from scenarios.last_tests(gateway)


def _run(gateway, only, messages):
    passed, failed = 0, 0
    for name, test in _all_tests(gateway, messages):
        if only not in name:
            continue
        start = time.monotonic()
        try:
            test()
            passed += 1
            print(f"ok      {name} ({time.monotonic() - start:.2f} s)", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"FAILED  {name}: {type(error).__name__}: {error} [{where.name}:{where.lineno}]", flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE, "build", "dev"), help="where the programs are")
    parser.add_argument("--only", default="", help="run the tests whose name has this in it")
    parser.add_argument("--messages", type=int, default=300, help="how many random messages")
    options = parser.parse_args()
    if os.getuid() != 0:
        print("skipped: Postfix and Sendmail run as root only")
        return SKIPPED
    _prepare()
    with Workspace() as workspace:
        passed, failed = _run(Gateway(workspace, options.build), options.only, options.messages)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
