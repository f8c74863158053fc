#!/usr/bin/env python3
"""Phrases: the time of one classification as their number grows, against PCRE2 and grep, and the building of the database.

usage: phrases.py [--build FOLDER] [--rounds N] [--quick]

The text is the project's own subject lines (tests/cases/subjects), many times over; the phrases are taken evenly from the
shipped packs: 100, 1,000 and 10,000. Beside them: a loop over the same phrases as PCRE2 expressions, without and with its JIT
compiler, and "grep -F -i -f" over the same text (fixed strings, which finds less: no ends of words, no prefixes, no gaps, no normal
form). Then `classify` over the whole text with all packs and its start alone; how long the daemon's reload of 10,000 phrases takes,
and the slowest message meanwhile. --quick: little of everything, whether it works.

Exit status 0, 1 when something did not work or 10,000 phrases take more than twice as long as 100.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(SOURCE / "tests" / "milter")]

from daemon import INCIDENT, Daemon, Programs  # noqa: E402

LINES = 100000
CONF = """classification = {{ packs = [ "{0}/categories", "{0}/packs" ]; }};
directory = {{ path = "{1}/directory"; }};
rules = ( {{ name = "all"; disposition = "pass"; }} );
"""


def say(name, value, target=""):
    print(f"  {name:58} {value:>26}  {target}".rstrip(), flush=True)


def subject_lines():
    lines = []
    for file in sorted((SOURCE / "tests" / "cases" / "subjects").glob("*.tsv")):
        lines += [line.split("\t")[1] for line in file.read_text().splitlines()[1:] if "\t" in line]
    return lines


def write_text(path, count):
    lines = subject_lines()
    path.write_text("".join(line + "\n" for line in (lines * (count // len(lines) + 1))[:count]))


def seconds(command, **options):
    start = time.monotonic()
    result = subprocess.run(command, stdout=subprocess.DEVNULL, **options)
    if result.returncode not in (0, 1):
        sys.exit(f"{command[0]}: exit status {result.returncode}")
    return time.monotonic() - start


def grep_ns(phrases, text, count, rounds):
    """Nanoseconds a line."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    command = ["grep", "-F", "-i", "-c", "-f", str(phrases), str(text)]
    return statistics.median(seconds(command, env=environment) for _ in range(rounds)) / count * 1e9


def compare(build, folder, text, count, rounds, quick):
    command = [build / "tests/bench/phrases", *(["-q"] if quick else []), folder / "site.conf", text, folder]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.stderr or result.returncode not in (0, 1):
        sys.exit(f"phrases: exit status {result.returncode}: {result.stderr}")
    times = []
    for line in result.stdout.splitlines():
        figure = {name: float(value) for name, value in re.findall(r"([a-z0-9-]+)=([0-9.]+)", line)}
        number, ours = int(figure["phrases"]), figure["ns"]
        times.append(ours)
        print(f"{number} phrases")
        say("building, with memory for one search", f"{figure['build-ms']:.0f} ms, {figure['kilobytes']:.0f} KB")
        say("one classification", f"{ours:.0f} ns")
        say("PCRE2, one expression after the other", f"{figure['pcre2-ns'] / ours:.1f} times")
        say("the same, with its JIT compiler", f"{figure['pcre2-jit-ns'] / ours:.1f} times")
        say("grep -F -i -f", f"{grep_ns(folder / f'{number}.txt', text, count, rounds) / ours:.2f} times")
    say("from 100 to 10,000 phrases", f"{times[-1] / times[0]:.2f} times", "target 2")
    return result.returncode == 0


def classify_file(build, folder, text, count):
    tool = [str(build / "csp-milterctl"), "classify", "-c", str(folder / "site.conf"), "--tsv"]
    start = seconds(tool, input=b"")
    whole = seconds([*tool, str(text)])
    say(f"classify --tsv, {count} lines, all packs", f"{whole:.2f} s, start {start:.2f} s")


class Mail:
    """One session that sends message after message; how long each took, in milliseconds."""

    def __init__(self, daemon):
        self.times = []
        self.running = True
        self.thread = threading.Thread(target=self.send, args=(daemon,))
        self.thread.start()

    def send(self, daemon):
        with daemon.session() as mta:
            while self.running:
                start = time.monotonic()
                answer = mta.message(headers=INCIDENT)
                self.times.append((time.monotonic() - start) * 1e3)
                if answer.verdict != "continue":
                    self.times.append(float("inf"))

    def stop(self):
        self.running = False
        self.thread.join()
        return max(self.times)


def pack_of(phrases):
    texts = ",".join(json.dumps(text, ensure_ascii=False) for text in phrases)
    return f'phrases = ( {{ category = "other"; meaning = "m"; phrases = [ {texts} ]; }} );\n'


def time_reloads(phrases, rounds):
    with Daemon(categories=pack_of(phrases)) as daemon:
        calm = Mail(daemon)
        time.sleep(rounds / 5)
        calm = calm.stop()
        mail = Mail(daemon)
        times = []
        for _ in range(rounds):
            start = time.monotonic()
            done = daemon.ctl("reload", "-c", daemon.conf())
            times.append(time.monotonic() - start)
            if done.returncode != 0:
                sys.exit(f"reload: {done.stderr}")
        slowest = mail.stop()
    say(f"a reload of {len(phrases)} phrases", f"{statistics.median(times):.2f} s", "target 1 s")
    say("the slowest message meanwhile, and in peace", f"{slowest:.0f} ms, {calm:.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build" / "release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    count = 3000 if options.quick else LINES
    with tempfile.TemporaryDirectory(prefix="csp-phrases-") as name:
        folder = pathlib.Path(name)
        (folder / "site.conf").write_text(CONF.format(SOURCE / "conf", name))
        write_text(folder / "text", count)
        good = compare(options.build, folder, folder / "text", count, 1 if options.quick else options.rounds, options.quick)
        classify_file(options.build, folder, folder / "text", count)
        Programs.daemon, Programs.ctl = options.build / "csp-milter", options.build / "csp-milterctl"
        time_reloads((folder / "10000.txt").read_text().splitlines(), 2 if options.quick else 20)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
