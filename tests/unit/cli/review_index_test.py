"""The index of a journal: it answers as the journal itself does, whatever becomes of the journal's files."""

import concurrent.futures
import gzip
import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

import verbs
from journal import line, recipient, record

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
START = 1_790_000_000_000  # milliseconds since 1970
SUBJECTS = ("Your invoice", "Votre FACTURE", "\u3054\u8acb\u6c42\u66f8", "Re: Straße", None, "a%b_c'd\"", "x" * 3000, "\u202egnp.exe")


def identifier(milliseconds, number):
    value = milliseconds << 80 | 7 << 76 | number * 0x9E3779B97F4A7C15 % (1 << 76)
    return "".join(DIGITS[value >> 5 * place & 31] for place in range(25, -1, -1))


def random_recipient(chance):
    would = [(chance.choice(("trial", "strict")), chance.choice(("flag", "block")))
             for _ in range(chance.choice((0, 0, 0, 1, 2)))]
    one = recipient(chance.choice(("ann", "joe", "O_o", "p%p")) + chance.choice(("@customer.example", "@other.example")),
                    chance.choice(("subscription", "general", "incident")), chance.choice(("pass", "pass", "flag", "block")),
                    would=would)
    one["customer"] = chance.choice((None, "AAAA-1", "aaaa-2"))
    one["sender"] = chance.choice((None, "vendor", "partner", "other"))
    return one


def random_record(chance, number):
    milliseconds = START + number // 3 * 40_000_000 + number % 3
    seconds, rest = divmod(milliseconds, 1000)
    action = chance.choice(("accept", "flag", "reject", "quarantine"))
    return record(1, **{
        "decision": identifier(milliseconds, number),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % rest,
        "queue_id": chance.choice((None, "4cQ%d" % (number // 2))),
        "message_id": chance.choice((None, "<m%d@vendor.example>" % (number // 3))),
        "mode": chance.choice(("monitor", "enforce")),
        "reverse_path": chance.choice(("<>", "<bounce@vendor.example>", "<Bounce+7@Partner.example>")),
        "subject": chance.choice(SUBJECTS),
        "authors": [{"field": "from", "address": chance.choice(("billing@vendor.example", "x@partner.example")), "party": "other"}
                    for _ in range(chance.choice((0, 1, 1, 2)))],
        "category": chance.choice((None, {"name": "subscription", "evidence": []}, {"name": "incident", "evidence": [
            {"rule": "fr/panne", "field": "Subject", "phrase": "panne", "match": "panne"}]})),
        "recipients": [random_recipient(chance) for _ in range(chance.choice((1, 1, 2, 5)))],
        "action": action,
        "would_action": chance.choice((action, "reject")),
    })


FILTERS = (
    (), ("--all",), ("--would",), ("--rule", "subscription"), ("--rule", "trial"), ("--rule", "Trial"), ("--rule", "none"),
    ("--disposition", "block"), ("--disposition", "pass"), ("--from", "PARTNER.example"), ("--from", "7@"), ("--from", "nobody", "--all"),
    ("--from", "%", "--all"), ("--to", "o_O", "--all"), ("--to", "<p%p@customer.example>"), ("--to", "example", "--all"),
    ("--customer", "aaaa-1", "--all"), ("--customer", "AAAA-2"), ("--customer", "aaaa"), ("--sender", "PARTNER", "--all"),
    ("--category", "incident", "--all"), ("--category", "Subscription"), ("--action", "quarantine"), ("--mode", "monitor", "--all"),
    ("--subject", "facture", "--all"), ("--subject", "\u8acb\u6c42"), ("--subject", "STRASSE", "--all"), ("--subject", "b c", "--all"),
    ("--queue-id", "4cQ7"), ("--queue-id", "4cq7"), ("--reviewed",), ("--unreviewed", "--all"),
    ("--since", "2026-09-23", "--all"), ("--until", "2026-09-23T03:00:00Z", "--all"), ("--since", "2027-01-01"), ("--since", "1960-01-01"),
    ("--since", "2026-09-22", "--until", "2026-09-29", "--rule", "strict", "--to", "joe", "--sender", "vendor"),
    ("--rule", "subscription", "--disposition", "flag", "--customer", "aaaa-1", "--from", "vendor", "--mode", "enforce", "--would"),
)


class IndexTest(verbs.VerbTest):
    def setUp(self):
        super().setUp()
        self.live = self.path("log/decisions.jsonl")
        self.number = itertools.count()
        self.chance = random.Random(7)
        rest = 'classification = { packs = [ ]; };\nrules = ( { name = "r"; disposition = "pass"; } );\n'
        for name, index in (("indexed.conf", self.path("index.db")), ("plain.conf", "")):
            self.write(name, f'journal = {{ path = "{self.live}"; }};\n'
                       f'review = {{ marks = "{self.path("marks.db")}"; index = "{index}"; }};\n' + rest)

    def records(self, count):
        return [random_record(self.chance, next(self.number)) for _ in range(count)]

    def add(self, records, path=None, end=""):
        with open(path or self.live, "a", encoding="utf-8") as file:
            file.write("".join(line(one) for one in records) + end)

    def both(self, *words):
        """What is said by the index, once it is seen to be what the journal itself says."""
        indexed = self.run_verb("review", *words, "-c", self.path("indexed.conf"))
        plain = self.run_verb("review", *words, "-c", self.path("plain.conf"))
        self.assertEqual((indexed.status, indexed.out), (plain.status, plain.out), f"{words}: {indexed.err}")
        self.assertNotIn("is read through", indexed.err)
        return indexed

    def count(self):
        return len(self.both("--csv", "--all").out.splitlines()) - 1

    def indexed(self, *words):
        """Lines that the index gives."""
        return len(self.run_verb("review", *words, "-c", self.path("indexed.conf")).out.splitlines())

    def mark_some(self, records):
        for verdict, some in (("confirmed", records[::5]), ("false-positive", records[::10])):
            ids = [one["decision"] for one in some]
            done = self.run_verb("review", "mark", *ids, verdict, "-c", self.path("plain.conf"))
            self.assertEqual(done.status, 0, done.err)

    def test_every_filter_order_and_page_as_by_the_journal(self):
        os.makedirs(self.path("log"))
        records = self.records(240)
        self.add(records)
        self.mark_some(records)
        for words in self.chance.sample(FILTERS, min(len(FILTERS), int(os.environ.get("CSP_FILTERS", len(FILTERS))))):
            with self.subTest(words):
                self.both("--csv", *words)
                order = self.chance.choice(("from", "to", "rule", "customer", "category", "subject"))
                by = self.chance.choice(("rule", "category", "sender", "from", "customer", "language", "day", "action"))
                self.both(*self.chance.choice((("--json", "--limit", "3", "--page", self.chance.choice("12")),
                                               ("--sort", order, "--limit", "7", "--page", "2"), ("stats", "--by", by, "--json"))), *words)
        listed = self.both("--csv", "--all", "--limit", "0").out
        self.assertEqual(len(listed.splitlines()), 241)
        self.assertGreater(len(self.both("--csv", "--reviewed").out.splitlines()), 10)

    def test_one_is_found_by_the_beginning_of_its_id_with_what_belongs_to_it(self):
        os.makedirs(self.path("log"))
        records = self.records(60)
        self.add(records)
        self.add([{"schema": "csp-milter/decision/1", "for": records[3]["decision"], "time": records[3]["time"], "outcome": "tempfail"}])
        for one in records:
            self.assertEqual(self.both("show", one["decision"]).status, 0)
            self.assertEqual(json.loads(self.both("show", one["decision"][:18].upper(), "--json").out)["queue_id"], one["queue_id"])
        self.assertIn("tempfail", self.both("show", records[3]["decision"]).out)
        self.assertIn("tempfail", self.both("--csv", "--all").out)
        self.assertEqual(self.both("show", "0").status, 65)
        self.assertEqual(self.both("show", "zz").status, 66)
        # One that its id does not tell the time of.
        self.add([{**records[0], "decision": "zzz00000000000000000000000"}])
        self.assertEqual(self.both("show", "zzz").status, 0)

    def test_it_follows_the_files_as_they_grow_rotate_and_go(self):
        os.makedirs(self.path("log"))
        kept = []
        for step in range(6):
            some = self.records(20)
            kept.append(some)
            self.add(some[:10])
            self.assertEqual(self.count(), sum(map(len, kept)) - 10)
            half = line(some[10])
            self.add(some[10:10], end=half[:90])
            self.both("--csv")
            self.add([], end=half[90:])
            self.add(some[11:])
            self.assertEqual(self.count(), sum(map(len, kept)))
            if step == 1:
                os.rename(self.live, self.live + ".1")
            elif step == 2:
                os.rename(self.live + ".1", self.live + "-20261101")
                os.rename(self.live, self.live + ".1")
            elif step == 3:
                with open(self.live + ".1", "rb") as plain, gzip.open(self.live + ".1.gz", "wb") as packed:
                    packed.write(plain.read())
                    self.assertEqual(self.indexed("--csv", "--all"), 81)
                # Now it stands in both.
                self.assertEqual(self.indexed("--csv", "--all"), 81)
                about = os.stat(self.live + ".1")
                os.utime(self.live + ".1.gz", ns=(about.st_atime_ns, about.st_mtime_ns))  # as gzip(1) does
                os.unlink(self.live + ".1")
            elif step == 4:
                os.unlink(self.live + "-20261101")
                kept[:2] = []
            self.assertEqual(self.count(), sum(map(len, kept)))
            for some in kept:
                self.both("show", some[7]["decision"])
        os.unlink(self.live)
        self.add(self.records(5))
        self.assertEqual(self.count(), 25)

    def test_a_record_that_stands_in_two_files_is_one(self):
        os.makedirs(self.path("log"))
        some = self.records(9)
        self.add(some[:6], self.live + ".given-up-20261101T000000Z-0", end='{"schema":"csp')
        self.add(some[3:])
        indexed = self.run_verb("review", "--csv", "--all", "-c", self.path("indexed.conf"))
        self.assertEqual(len(indexed.out.splitlines()), 10)
        self.assertIn(some[4]["decision"], self.run_verb("review", "show", some[4]["decision"], "-c", self.path("indexed.conf")).out)
        os.unlink(self.live + ".given-up-20261101T000000Z-0")
        # What was taken from the file that is gone stands in the other one still.
        self.assertEqual(self.count(), 6)
        self.both("show", some[4]["decision"])
        done = self.run_verb("review", "index", "--rebuild", "-c", self.path("indexed.conf"))
        self.assert_says(done, 0, "6 decisions of 1 file, 6 of them new; 0 damaged lines passed over\n", "")
        self.assertEqual(self.count(), 6)

    def test_an_old_file_that_is_damaged_is_passed_over_and_told(self):
        os.makedirs(self.path("log"))
        some = self.records(30)
        packed = gzip.compress("".join(line(one) for one in some[:10]).encode())
        self.write("log/decisions.jsonl.2.gz", packed[:40] + b"\xff" * 60 + packed[100:])
        self.add(some[10:20], self.live + ".1")
        self.add(some[20:])
        for _ in range(2):
            told = self.both("--csv", "--since", "2026-01-01", "--all")
            self.assertEqual(len(told.out.splitlines()), 21)
            self.assertRegex(told.err, r"^csp-milterctl: \S+/decisions\.jsonl\.2\.gz: [^\n]+; passed over\n$")
        os.utime(self.write("log/decisions.jsonl.2.gz", packed), (1, 1))
        self.assertEqual(self.count(), 30)
        os.rename(self.live, self.path("away"))
        for name in ("indexed.conf", "plain.conf"):
            self.assertEqual(len(self.run_verb("review", "--csv", "--all", "-c", self.path(name)).out.splitlines()), 21)

    def test_what_goes_with_a_file_leaves_no_text_behind(self):
        os.makedirs(self.path("log"))
        secret = {**self.records(1)[0], "subject": "Quarterly secret", "authors": [{"field": "from", "address": "secret@vendor.example"}],
                  "reverse_path": "<secret@vendor.example>", "recipients": [{**recipient("secret@customer.example"), "customer": "secret-1"}]}
        self.add([secret], self.live + ".1")
        self.add(self.records(5))
        self.assertEqual(self.count(), 6)
        tables = ("subject", "normal", "origin", "address", "text")

        def hold(word):
            with sqlite3.connect(self.path("index.db")) as database:
                found = {table for table in tables for row in database.execute(f"SELECT * FROM {table}") if word in str(row).lower()}
            database.close()
            return found
        self.assertEqual(hold("secret"), set(tables))
        os.unlink(self.live + ".1")
        self.assertEqual(self.count(), 5)
        self.assertEqual(hold("secret"), set())

    def test_it_can_be_made_anew_and_marks_stay(self):
        os.makedirs(self.path("log"))
        records = self.records(30)
        self.add(records[:20], end="damaged\n")
        self.mark_some(records[:20])
        before = self.both("--csv", "--all").out
        os.unlink(self.path("index.db"))
        self.assertEqual(self.both("--csv", "--all").out, before)
        self.add(records[20:])
        indexed = self.path("indexed.conf")
        self.assert_says(self.run_verb("review", "index", "-c", indexed), 0,
                         "30 decisions of 1 file, 10 of them new; 1 damaged lines passed over\n", "")
        self.assert_says(self.run_verb("review", "index", "--rebuild", "-c", indexed), 0,
                         "30 decisions of 1 file, 30 of them new; 1 damaged lines passed over\n", "")
        self.assertEqual(len(self.both("--csv", "--reviewed", "--all").out.splitlines()), 5)
        self.assertEqual(os.stat(self.path("index.db")).st_mode & 0o777, 0o660)

    def test_addresses_that_are_hashed_are_found_by_who_has_the_key(self):
        key = b"0123456789abcdef0123"
        self.write("key", key + b"\n")

        def hashed(text):
            digest = hashlib.blake2b(text.lower().encode(), digest_size=16, key=hashlib.blake2b(key, digest_size=32).digest())
            return "h-" + digest.hexdigest()[:16] + text[text.rindex("@"):]
        os.makedirs(self.path("log"))
        some = self.records(4)
        some[1]["recipients"] = [recipient(hashed("Ann.B@customer.example"))]
        self.add(some)
        for name in ("indexed.conf", "plain.conf"):
            with open(self.path(name), encoding="utf-8") as file:
                text = file.read()
            self.write(name, text.replace('.jsonl"; }', f'.jsonl"; privacy = "hashed"; privacy_key = "{self.path("key")}"; }}'))
        self.assertIn(some[1]["decision"], self.both("--csv", "--to", "ann.b@CUSTOMER.example").out)
        self.assertIn(some[1]["decision"], self.both("--csv", "--to", "<ann.b@customer.example>").out)
        self.assertIn(some[1]["decision"], self.both("--csv", "--to", "@customer.example").out)
        self.assertEqual(len(self.both("--csv", "--to", "bob@customer.example").out.splitlines()), 1)
        self.assertEqual(self.both("--subject", "invoice").status, 64)
        os.unlink(self.path("key"))
        self.assertEqual(self.both("--csv", "--to", "@customer.example").status, 0)
        self.assertIn("only domains can be looked for", self.both("--to", "ann.b@customer.example").err)

    def test_what_cannot_be_used_is_said_and_done_without(self):
        os.makedirs(self.path("log"))
        self.add(self.records(10))
        plain = self.run_verb("review", "-c", self.path("plain.conf"))
        for content in (b"no database at all, but text that is long enough to be read as one" * 20, None):
            if content:
                self.write("index.db", content)
            else:
                os.unlink(self.path("index.db"))
                os.mkdir(self.path("index.db"))
            indexed = self.run_verb("review", "-c", self.path("indexed.conf"))
            self.assertEqual((indexed.status, indexed.out), (0, plain.out))
            self.assertRegex(indexed.err, r"^csp-milterctl: /\S+/index.db: [^\n]+; the journal is read through, which takes longer\n$")
        self.assertEqual(self.run_verb("review", "index", "-c", self.path("indexed.conf")).status, 74)
        self.assertEqual(self.run_verb("review", "index", "-c", self.path("plain.conf")).status, 78)

    def test_a_later_version_is_left_alone(self):
        os.makedirs(self.path("log"))
        self.add(self.records(3))
        self.count()
        with sqlite3.connect(self.path("index.db")) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
        indexed = self.run_verb("review", "--all", "-c", self.path("indexed.conf"))
        self.assertEqual(len(indexed.out.splitlines()), 4)
        self.assertIn("is read through", indexed.err)

    def test_many_at_once_see_the_same(self):
        os.makedirs(self.path("log"))
        self.add(self.records(1000))
        words = ("review", "--csv", "--all", "-c", self.path("indexed.conf"))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for round_ in range(3):
                results = list(pool.map(lambda _: self.run_verb(*words), range(4)))
                self.assertEqual({(one.status, one.out) for one in results}, {(0, results[0].out)})
                self.assertEqual(len(results[0].out.splitlines()), 1001 + round_)
                self.add(self.records(1))

    @unittest.skipIf(os.getuid() != 0, "only root is several users")
    def test_a_group_shares_index_and_marks(self):
        os.makedirs(self.path("log"))
        os.makedirs(self.path("review"))
        records = self.records(20)
        self.add(records)
        for path, group, mode in ((self.folder, 0, 0o755), (self.path("log"), 23456, 0o2750), (self.live, 23456, 0o640), (self.path("review"), 23456, 0o2770)):
            os.chown(path, 0, group)
            os.chmod(path, mode)
        with open(self.path("indexed.conf"), encoding="utf-8") as file:
            conf = file.read().replace(self.path("index.db"), self.path("review/index.db")).replace(self.path("marks.db"), self.path("review/marks.db"))
        os.chmod(self.write("group.conf", conf), 0o644)
        program = shutil.copy(verbs.PROGRAM, self.path("program"))

        def run_as(user, group, *words):
            return subprocess.run([program, "review", *words, "-c", self.path("group.conf")], capture_output=True, text=True, timeout=60,
                                  env=self.environment(), user=user, group=group, extra_groups=[])
        for round_, user in enumerate((12345, 12346, 12345, 12347)):
            listed = run_as(user, 23456, "--csv", "--all")
            self.assertEqual((len(listed.stdout.splitlines()), listed.stderr), (21 + round_, ""))
            self.assertEqual(run_as(user, 23456, "mark", records[round_]["decision"], "confirmed").stderr, "")
            self.assertEqual(len(run_as(user, 23456, "--csv", "--all", "--reviewed").stdout.splitlines()), 2 + round_)
            self.add(self.records(1))
        self.assertEqual(run_as(54321, 54321, "--all").returncode, 77)

    def test_killed_at_any_moment_it_goes_on(self):
        os.makedirs(self.path("log"))
        kills, attempts = 0, int(os.environ.get("CSP_KILLS", 12))
        for attempt in range(attempts):
            self.add(self.records(400))
            child = subprocess.Popen([verbs.PROGRAM, "review", "index", "-c", self.path("indexed.conf")],
                                     stdout=subprocess.DEVNULL, env=self.environment())
            time.sleep(0.004 * attempt)
            child.send_signal(signal.SIGKILL)
            kills += child.wait() == -signal.SIGKILL
        self.assertGreater(kills, attempts // 4)
        self.assertEqual(self.count(), 400 * attempts)


if __name__ == "__main__":
    verbs.main()
