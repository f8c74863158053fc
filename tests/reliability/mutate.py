#!/usr/bin/env python3
"""Mutation testing: one small change after another in a source file, and whether some test notices.

usage: mutate.py [--build FOLDER] [--tests REGEX] [--limit N] FILE.c [FILE.c ...]

The build folder is one of its own (build/mutate, made from the plain build's settings); the source tree is not touched: a copy is changed. A change
that does not compile is none. What survives is printed with its line; some of it changes nothing that anybody could notice. Exit status 0
when all but --allow of a hundred were noticed, else 1.
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SWAPS = [(r" == ", " != "), (r" != ", " == "), (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" && ", " || "),
         (r" \|\| ", " && "), (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r" \+ 1\b", ""), (r" - 1\b", ""), (r"\+\+", "--"),
         (r"if \(!", "if ("), (r"return !", "return "), (r"\bbreak;", ";"), (r"\bcontinue;", ";"), (r" \+= ", " = "), (r" \|= ", " = ")]


def mutants(path):
    """(line number, what it was, what it becomes), for every place in the code that a swap fits."""
    lines = path.read_text().split("\n")
    code = False
    for number, line in enumerate(lines):
        code = code or line == "{"
        if line == "}":
            code = False
        bare = line.strip()
        if not code or bare.startswith(("/*", "*", "//")) or re.search(r"^\t*for ", line):
            continue
        for pattern, swap in SWAPS:
            for found in re.finditer(pattern, line):
                yield number, line, line[:found.start()] + swap + line[found.end():]
        # A statement that is a call or an assignment is left out.
        if re.fullmatch(r"\t+[\w>.\-\[\]*]+( =|\().*;", line) and "return" not in line:
            yield number, line, ""


class Lab:
    """A copy of the tree, its build, and the tests that are run on it."""

    def __init__(self, build, tests):
        self._tree, self._build, self._tests = build / "tree", build / "build", tests
        shutil.rmtree(self._tree, ignore_errors=True)
        build.mkdir(parents=True, exist_ok=True)
        files = subprocess.run(["git", "ls-files", "-z"], cwd=SOURCE, check=True, capture_output=True).stdout.split(b"\0")
        for name in filter(None, map(os.fsdecode, files)):
            (self._tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / name, self._tree / name)
        self._run("cmake", "-S", self._tree, "-B", self._build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS_DEBUG=-O0")
        listed = self._run("ctest", "--test-dir", self._build, "-N", "-R", tests).stdout
        self._targets = ["test-" + name for name in re.findall(r"unit/([a-z]+-\w+)", listed)]
        self.check()

    def _run(self, *words, status=0):
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900)
        if status is not None and done.returncode != status:
            sys.exit(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def _builds(self):
        return self._run("cmake", "--build", self._build, "--target", *self._targets, status=None).returncode == 0

    def _passes(self):
        return self._run("ctest", "--test-dir", self._build, "-R", self._tests, "--timeout", "60", "--stop-on-failure", "-j2", status=None).returncode == 0

    def check(self):
        if not self._targets or not self._builds() or not self._passes():
            sys.exit("the tests do not pass before anything was changed")

    def verdict(self, name, number, text):
        """"noticed", "survived", or None where it does not compile."""
        path = self._tree / name
        before = path.read_text()
        lines = before.split("\n")
        lines[number] = text
        path.write_text("\n".join(lines))
        try:
            if not self._builds():
                return None
            return "survived" if self._passes() else "noticed"
        finally:
            path.write_text(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(SOURCE / "build" / "mutate"), type=pathlib.Path)
    parser.add_argument("--tests", default="^unit/core-", help="the unit tests to run")
    parser.add_argument("--limit", type=int, default=0, help="so many of each file, taken at random")
    parser.add_argument("--allow", type=float, default=100, help="how many of a hundred may survive")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    lab, survived, tried = Lab(options.build, options.tests), 0, 0
    for file in options.files:
        name = file.resolve().relative_to(SOURCE)
        found = list(mutants(SOURCE / name))
        if options.limit:
            found = sorted(random.Random(1).sample(found, min(options.limit, len(found))))
        counts = {"noticed": 0, "survived": 0}
        for number, before, after in found:
            verdict = lab.verdict(name, number, after)
            if not verdict:
                continue
            counts[verdict] += 1
            if verdict == "survived":
                print(f"{name}:{number + 1}: {before.strip()}\n    as: {after.strip() or '(nothing)'}", flush=True)
        print(f"{name}: {counts['noticed']} of {sum(counts.values())} changes were noticed", flush=True)
        survived, tried = survived + counts["survived"], tried + sum(counts.values())
    return 1 if survived * 100 > options.allow * tried else 0


if __name__ == "__main__":
    sys.exit(main())
