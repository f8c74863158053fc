#!/usr/bin/env python3
"""The real daemon against a client of our own: run.py --daemon PROGRAM --ctl PROGRAM --clock LIBRARY --disk LIBRARY [--of MODULE,...] [--slow N] [WORD...]

Runs every test (of some modules) whose name holds one of the words (all without any) and prints "N passed, N failed".
"""

import argparse
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import directories
import disk
import faults
import hostility
import lifetime
import sandbox
import verdicts
from daemon import Programs, Skip


MODULES = {module.__name__: module for module in (verdicts, hostility, lifetime, faults, disk, directories, sandbox)}


def run(test):
    begun = time.monotonic()
    try:
        test()
    except Skip as reason:
        print(f"skip  {test.__name__} ({reason})", flush=True)
        return None
    except Exception:
        print(f"FAIL  {test.__name__}\n{traceback.format_exc()}", flush=True)
        return False
    print(f"ok    {test.__name__} ({time.monotonic() - begun:.1f} s)", flush=True)
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--ctl", required=True)
    parser.add_argument("--clock", required=True, help="the library with a wrong clock")
    parser.add_argument("--disk", required=True, help="the library with a disk that fails")
    parser.add_argument("--of", default=",".join(MODULES), help="modules, with commas between")
    parser.add_argument("--slow", type=float, default=1, help="factor for every timeout")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    Programs.daemon, Programs.ctl, Programs.slow = options.daemon, options.ctl, options.slow
    Programs.clock, Programs.disk = options.clock, options.disk
    tests = [test for module in options.of.split(",") for test in MODULES[module].TESTS
             if not options.words or any(word in test.__name__ for word in options.words)]
    results = [run(test) for test in tests]
    skipped = f" ({results.count(None)} skipped)" if None in results else ""
    print(f"{results.count(True)} passed, {results.count(False)} failed{skipped}")
    return 0 if True in results and False not in results else 1


if __name__ == "__main__":
    sys.exit(main())
