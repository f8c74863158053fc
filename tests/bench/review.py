#!/usr/bin/env python3
"""The review of a long journal: making the index, asking it, and asking the journal itself.

usage: review.py [--build FOLDER] [--records N] [--files N] [--compressed N] [--rounds N] [--quick]

Makes up a journal of N records (10000000 unless said) in so many files (30, of which the first N compressed: 0),
indexes it, and prints records a second and the most memory that took. Then it prints, for each filter, how long the
first page takes by the index, the median of some rounds and the slowest; for some of them also as the share of what
reading the journal through takes in the same run. --quick: 20,000 records and little of everything, whether all of
it works.

The journal is made below the folder that TMPDIR names, or /var/tmp, and removed; ten million records take 22 GB there. Needs no root.
"""

import argparse
import gzip
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
START = 1_790_000_000_000  # milliseconds since 1970
SUBJECTS = ("Your Microsoft 365 subscription renews soon", "Your invoice is ready", "Votre facture est disponible",
            "Ihre Rechnung liegt vor", "Welcome to Azure", "Service health: degraded performance in West Europe")

RECORD = (
    '{"schema":"csp-milter/decision/1","decision":"%(id)s","time":"%(time)s.%(ms)03dZ","host":"gw1.example",'
    '"queue_id":"4cQ%(number)d","message_id":"<%(number)d.7f3a@mailer.vendor.example>","policy":"0123456789abcdef","directory":1764547200,'
    '"mode":"enforce","client":{"address":"192.0.2.%(byte)d","helo":"mailer%(byte)d.vendor.example","listener":"smtp","login":null,'
    '"cert_subject":null},"reverse_path":"<bounce-%(byte)d@mailer.vendor.example>","subject":"%(subject)s",'
    '"authors":[{"field":"from","address":"%(author)s","party":"%(party)s"},{"field":"reverse-path",'
    '"address":"bounce-%(byte)d@mailer.vendor.example","party":"vendor"}],"dkim":[],"spf":[],"category":{"name":"%(category)s","evidence":['
    '{"rule":"en/invoice","field":"Subject","phrase":"your invoice","match":"your invoice"},'
    '{"rule":"en/subscription","field":"Subject","phrase":"subscription*","match":"subscription"}]},'
    '"products":["microsoft-365"],"lists":[],"marks":[],"recipients":[{"address":"<%(to)s>","canonical":"%(to)s",'
    '"customer":%(customer)s,"sender":"%(sender)s","proof":"proven","authenticated_by":[],"product":"csp","marks":[],"rule":"%(rule)s",'
    '"disposition":"%(disposition)s","mode":"enforce","would":[],"action":"%(action)s","contact":null}],"action":"%(action)s",'
    '"would_action":"%(action)s","reply":null,"flag":null,"hold":null,"removed":[],"removed_recipients":[],"added_recipients":[]}\n')


def identifier(milliseconds, number):
    value = milliseconds << 80 | 7 << 76 | number * 0x9E3779B97F4A7C15 % (1 << 76)
    return "".join([DIGITS[value >> place & 31] for place in range(125, -1, -5)])


def make_records(chance, first, count, customers, seconds):
    """Nine of ten are plain passes; half of all subjects come once."""
    for number in range(first, first + count):
        milliseconds = START + number * seconds * 1000 // 10
        draw = chance.random()
        customer = int(chance.random() ** 2 * customers)
        action, disposition, rule, sender = (
            ("accept", "pass", "not-a-customer", "vendor") if draw < 0.6 else
            ("accept", "pass", "partner-of-record", "partner-of-record") if draw < 0.9 else
            ("flag", "flag", "other-partner", "partner") if draw < 0.95 else
            ("reject", "block", "subscription", "vendor") if draw < 0.99999 else
            ("quarantine", "block", "rare", "other"))
        subject = chance.choice(SUBJECTS)
        yield RECORD % {
            "id": identifier(milliseconds, number), "number": number, "ms": milliseconds % 1000,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000)), "byte": number % 250,
            "subject": f"{subject} (order {number})" if number & 1 else subject, "author": f"billing{number % 40}@vendor.example",
            "party": "vendor", "category": "subscription" if draw > 0.3 else "general",
            "to": f"user{customer % 7}@customer{customer}.example", "customer": f'"c-{customer:08d}"' if draw >= 0.6 else "null",
            "rule": rule, "disposition": disposition, "action": action, "sender": sender}


class Bench:
    def __init__(self, build, folder):
        self.program = os.path.join(build, "csp-milterctl")
        self.folder = folder
        self.journal = os.path.join(folder, "decisions.jsonl")
        self.conf = os.path.join(folder, "csp-milter.conf")
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(f'journal = {{ path = "{self.journal}"; }};\n'
                       f'review = {{ marks = "{folder}/marks.db"; index = "{folder}/index.db"; }};\n'
                       'classification = { packs = [ ]; };\nrules = ( { name = "r"; disposition = "pass"; } );\n')

    def write(self, records, files, compressed):
        chance = random.Random(1)
        per_file = records // files
        for number in range(files):
            name = self.journal if number == files - 1 else f"{self.journal}-{number:03d}"
            with open(name, "w", encoding="utf-8") as file:
                file.writelines(make_records(chance, number * per_file, per_file, max(records // 10, 10), 26 * 86400 * 10 // max(records, 1) or 1))
            if number < compressed:
                with open(name, "rb") as plain, gzip.open(name + ".gz", "wb", 1) as packed:
                    shutil.copyfileobj(plain, packed)
                os.unlink(name)
            os.utime(name if number >= compressed else name + ".gz", (number, number))
        return per_file * files

    def run(self, *words):
        began = time.monotonic()
        done = subprocess.run([self.program, "review", *words, "-c", self.conf], capture_output=True, check=False)
        if done.returncode != 0 or b"read through" in done.stderr:
            sys.exit(f"{words}: {done.stderr.decode()}")
        return time.monotonic() - began, done.stdout

    def read_through(self, *words):
        files = sorted((os.path.join(self.folder, name) for name in os.listdir(self.folder) if name.startswith("decisions")),
                       key=os.path.getmtime)
        began = time.monotonic()
        named = [word for file in files for word in ("--journal", file)]
        subprocess.run([self.program, "review", *words, *named], stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - began


QUESTIONS = (
    (), ("--all",), ("--page", "100"), ("--rule", "subscription"), ("--rule", "rare"), ("--disposition", "flag"), ("--action", "quarantine"),
    ("--to", "customer77.example", "--all"), ("--to", "user3@customer1", "--all"), ("--to", "nobody@", "--all"), ("--customer", "C-00000042"),
    ("--from", "billing7@", "--all"), ("--from", "nobody@", "--all"), ("--subject", "facture", "--all"), ("--subject", "order 777777", "--all"),
    ("--subject", "nothing like it", "--all"), ("--category", "general", "--all"), ("--sender", "partner"), ("--sender", "other", "--all"),
    ("--mode", "monitor", "--all"), ("--would", "--all"), ("--queue-id", "4cQ4242"), ("--since", "2026-10-01", "--until", "2026-10-02"),
    ("--since", "2026-10-01", "--rule", "subscription", "--sender", "vendor", "--to", "customer5"), ("--unreviewed",), ("--reviewed",),
)


def say(name, value):
    print(f"  {name:70} {value:>24}".rstrip(), flush=True)


def ask(bench, rounds):
    print("the first page by the index, seconds: median, slowest")
    for words in QUESTIONS:
        times = [bench.run("list", *words)[0] for _ in range(rounds)]
        say(" ".join(("list",) + words), f"{statistics.median(times):.2f}, {max(times):.2f}")
    some = bench.run("--csv", "--limit", "3")[1].decode().splitlines()[1].split('"')[3]
    for words in (("show", some), ("stats",), ("stats", "--since", "2026-10-12"), ("stats", "--by", "customer"),
                  ("report", "--since", "2026-10-12", "-o", "/dev/null"), ("report", "--since", "2000-01-01", "-o", "/dev/null")):
        times = [bench.run(*words)[0] for _ in range(rounds if words[0] == "show" else 1)]
        say(" ".join(words), f"{statistics.median(times):.2f}, {max(times):.2f}")
    print("as a share of reading the journal through")
    for words in (("--rule", "rare"), ("--to", "customer77.example", "--all")):
        say(" ".join(("list",) + words), f"{bench.run('list', *words)[0] / bench.read_through('list', *words):.4f}")


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    options.add_argument("--build", default=os.path.join(SOURCE, "build", "dev"))
    options.add_argument("--records", type=int, default=10_000_000)
    options.add_argument("--files", type=int, default=30)
    options.add_argument("--compressed", type=int, default=0)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--quick", action="store_true")
    given = options.parse_args()
    if given.quick:
        given.records, given.files, given.compressed, given.rounds = 20_000, 4, 1, 1
    folder = tempfile.mkdtemp(prefix="csp-review-", dir=os.environ.get("TMPDIR", "/var/tmp"))
    try:
        bench = Bench(os.path.abspath(given.build), folder)
        records = bench.write(given.records, given.files, given.compressed)
        took, said = bench.run("index")
        if not said.decode().startswith(f"{records} decisions of {given.files} files"):
            sys.exit(said.decode())
        print(f"{records} records, {sum(os.path.getsize(os.path.join(folder, one)) for one in os.listdir(folder) if 'decisions' in one) / 1e9:.2f} GB")
        say("records a second into the index", f"{records / took:.0f}")
        say("most memory of that", f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
        say("size of the index", f"{os.path.getsize(os.path.join(folder, 'index.db')) / 1e6:.0f} MB")
        ask(bench, given.rounds)
        say("most memory of all", f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
