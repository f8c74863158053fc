import concurrent.futures
import csv
import datetime
import gzip
import json
import os
import pwd
import subprocess
import time
import unicodedata

import verbs
from journal import ID, line, outcome, passed, recipient, record

HEADING = ["TIME", "DECISION", "RESULT", "RULE", "FROM", "TO", "SUBJECT"]


def in_three_months():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90)).strftime("%Y-%m-%d")


def cells(table):
    """The rows of a table, split where its heading's columns begin."""
    rows = table.splitlines()
    starts = [rows[0].index(name) for name in HEADING]
    return [[row[a:b].strip() for a, b in zip(starts, starts[1:] + [None])] for row in rows[1:]]


class ReviewTest(verbs.VerbTest):
    def journal(self, *records, name="journal"):
        return self.write(name, "".join(one if isinstance(one, str) else line(one) for one in records))

    def ids(self, *words):
        result = self.run_verb("review", "--json", *words)
        self.assertEqual(result.status, 0, result.err)
        return [int(json.loads(text)["decision"][-2:]) for text in result.out.splitlines()]

    def test_the_table_shows_what_was_no_plain_pass(self):
        trial = [recipient("joe@customer.example", "general", "pass", would=[("trial", "block")])]
        flagged = [recipient("a@one.example", "general", "pass"), recipient("b@two.example", "conflict", "flag")]
        path = self.journal(
            record(1), passed(2), passed(3, recipients=trial),
            record(4, mode="monitor", action="accept", reply=None),
            record(5, recipients=flagged, action="flag", would_action="flag", authors=[], subject=None),
            record(6), outcome(6))
        self.assert_says(self.run_verb("review", "--journal", path), 0, """\
TIME                      DECISION         RESULT       RULE         FROM                    TO                     SUBJECT
2026-11-01 10:00:00 +0000 01kbq00000000000 reject       subscription billing@vendor.example  <ann@customer.example> Your invoice 1
2026-11-03 10:00:00 +0000 01kbq00000000000 would reject trial        billing@vendor.example  <joe@customer.example> Your invoice 3
2026-11-04 10:00:00 +0000 01kbq00000000000 would reject subscription billing@vendor.example  <ann@customer.example> Your invoice 4
2026-11-05 10:00:00 +0000 01kbq00000000000 flag         conflict     <bounce@vendor.example> <b@two.example> +1     \n\
2026-11-06 10:00:00 +0000 01kbq00000000000 tempfail     subscription billing@vendor.example  <ann@customer.example> Your invoice 6
""", "")

    def test_times_are_local_in_the_table_and_utc_in_json(self):
        path = self.journal(record(1), record(2, time="2026-07-01T22:30:00.000Z"))
        result = self.run_verb("review", "--journal", path, TZ="Europe/Paris")
        self.assertEqual([row[0] for row in cells(result.out)],
                         ["2026-11-01 11:00:00 +0100", "2026-07-02 00:30:00 +0200"])
        self.assertIn('"time":"2026-11-01T10:00:00.250Z"',
                      self.run_verb("review", "--json", "--journal", path, TZ="Europe/Paris").out)

    def test_options_filter(self):
        path = self.journal(record(1), passed(2), record(3, reverse_path="<x@other.example>"),
                            record(4, recipients=[recipient("Zoe@Zebra.example", "conflict", "flag")]))
        for words, expected in (
                ((), [1, 3, 4]), (("--all",), [1, 2, 3, 4]), (("list", "--all"), [1, 2, 3, 4]),
                (("--rule", "general"), [2]), (("--rule", "none"), []),
                (("--disposition", "pass"), [2]), (("--disposition", "flag"), [4]),
                (("--from", "OTHER.example"), [3]), (("--to", "zebra"), [4]), (("--to", "joe", "--all"), [2]),
                (("--since", "2026-11-03T00:00:00Z"), [3, 4]), (("--until", "2026-11-03T00:00:00Z"), [1]),
                (("--since", "2026-11-03", "--until", "2026-11-04"), [3]),
                (("--limit", "1"), [4]), (("--limit", "2", "--all"), [3, 4]), (("--limit", "0", "--all"), [1, 2, 3, 4])):
            with self.subTest(words):
                self.assertEqual(self.ids(*words, "--journal", path), expected)

    def test_times_before_now_are_counted_back_from_now(self):
        path = self.journal(record(1, time="2001-01-01T00:00:00.000Z"), record(2, time="2999-01-01T00:00:00.000Z"))
        self.assertEqual(self.ids("--since", "7d", "--journal", path), [2])
        self.assertEqual(self.ids("--until", "15m", "--journal", path), [1])

    def test_a_table_has_the_last_fifty_and_says_so(self):
        path = self.journal(*[record(n, time="2026-11-01T10:00:%02d.000Z" % n) for n in range(51)])
        result = self.run_verb("review", "--journal", path)
        self.assertEqual(len(cells(result.out)), 50)
        self.assertEqual(cells(result.out)[0][6], "Your invoice 1")
        self.assertEqual(result.err, "csp-milterctl: the last 50 decisions; --page 2 shows more, --limit 0 all of them\n")
        self.assertEqual(len(cells(self.run_verb("review", "--limit", "0", "--journal", path).out)), 51)

    def test_json_has_every_record_however_many_there_are(self):
        records = [record(n % 60, time="2026-11-01T10:00:00.000Z", queue_id=str(n)) for n in range(2500)]
        path = self.journal(*records)
        result = self.run_verb("review", "--json", "--journal", path)
        self.assertEqual([json.loads(text) for text in result.out.splitlines()], records)

    def test_an_outcome_is_part_of_its_decision(self):
        path = self.journal(record(1), record(2), outcome(1))
        found = [json.loads(text) for text in self.run_verb("review", "--json", "--journal", path).out.splitlines()]
        self.assertEqual([one.get("outcome") for one in found], ["tempfail", None])

    def test_compressed_journals_are_read_as_they_are(self):
        path = self.path("journal.gz")
        packed = gzip.compress("".join(line(record(n)) for n in (1, 2)).encode())
        with open(path, "wb") as file:
            file.write(packed + gzip.compress(line(record(3)).encode()))
        self.assertEqual(self.ids("--journal", path, "--journal", self.journal(record(4))), [1, 2, 3, 4])
        with open(path, "wb") as file:
            file.write(packed[:-12])
        cut = self.run_verb("review", "--json", "--journal", path)
        self.assertEqual(cut.status, 0, cut.err)
        self.assertIn("damaged", cut.err)
        with open(path, "wb") as file:
            file.write(packed[:20] + b"\xff" * 40 + packed[60:])
        self.assertEqual(self.run_verb("review", "--json", "--journal", path).status, 74)

    def test_journals_are_read_in_the_order_given(self):
        first = self.journal(record(1), name="journal.1")
        second = self.journal(record(2))
        self.assertEqual(self.ids("--journal", first, "--journal", second), [1, 2])
        self.assertEqual(self.ids("--journal", second, "--journal", first), [2, 1])

    def test_a_pipe_is_a_journal_too(self):
        result = self.run_verb("review", "--json", "--journal", "/dev/stdin", stdin=line(record(1)).encode())
        self.assertEqual(json.loads(result.out), record(1))

    def test_damaged_lines_are_counted_and_passed_over(self):
        torn = line(record(9))[:200]
        path = self.journal(record(1), "garbage\n", record(2), torn)
        result = self.run_verb("review", "--json", "--journal", path)
        self.assertEqual(len(result.out.splitlines()), 2)
        self.assertEqual((result.status, result.err), (0, "csp-milterctl: 2 damaged lines passed over\n"))
        result = self.run_verb("review", "show", ID % 2, "--journal", self.journal(record(2), torn))
        self.assertEqual((result.status, result.err), (0, "csp-milterctl: 1 damaged line passed over\n"))

    def test_show_tells_everything(self):
        one = record(
            1, removed=[{"field": "x-pm-tag", "count": 2}], marks=["conflicting-evidence"], lists=["documented-direct-mail"], subject="Your invoice 请求",
            client={"address": "2001:db8::1", "helo": "mx", "listener": "out", "login": "bill", "cert_subject": "bill.example"},
            authors=[{"field": "from", "address": "billing@vendor.example", "party": "vendor"},
                     {"field": "reverse-path", "address": "bounce@vendor.example", "party": "vendor"}],
            recipients=[recipient("ann@customer.example", would=[("trial", "flag")]),
                        {**recipient("x", "not-a-customer", "pass"), "address": "<a%b@gw.example>", "canonical": None,
                         "customer": None, "sender": None, "proof": None, "product": None, "marks": ["routed-recipient"]}])
        path = self.journal(one, outcome(1))
        self.assert_says(self.run_verb("review", "show", ID % 1, "--journal", path), 0, f"""\
decision     {ID % 1}
time         2026-11-01 10:00:00 +0000 (2026-11-01T10:00:00.250Z)
host         gw1.example
queue id     4cQ1
message-id   <m1@vendor.example>
policy       0123456789abcdef
client       2001:db8::1
helo         mx
listener     out
login        bill
certificate  bill.example
action       reject
outcome      tempfail (what the MTA was told in the end)
subject      Your invoice 请求
reverse-path <bounce@vendor.example>
authors      billing@vendor.example (from, vendor)
             bounce@vendor.example (reverse-path, vendor)
category     subscription
             en/invoice in Subject: "your invoice"
products     microsoft-365
lists        documented-direct-mail
marks        conflicting-evidence
to           <ann@customer.example>, looked up as ann@customer.example
  customer     aaaaaaaa-0000-0000-0000-000000000001
  sender       vendor (proof: unproven)
  product      csp
  rule         subscription: block
  would        trial: flag
to           <a%b@gw.example>, looked up as nothing: it cannot be read
  marks        routed-recipient
  rule         not-a-customer: pass
reply        550 5.7.1 Subscription mail ({ID % 1})
removed      x-pm-tag (2)

If this was wrong, the postmaster can let it pass for three months, by a rule before "subscription":
  {{ name = "exception-{ID % 1}"; author = "billing@vendor.example"; recipient = "ann@customer.example"; \
client = {{ logins = "bill"; }}; category = "subscription"; until = "{in_three_months()}"; despite = "any"; disposition = "pass"; }},
""", "")

    def test_the_exception_that_show_proposes_is_a_right_rule(self):
        proven = {**recipient("ann@customer.example"), "proof": "proven"}
        odd = [{"field": "from", "address": '"b \\"x\\" c"@vendor.example', "party": "vendor"}]
        for number, changes in enumerate(({}, {"recipients": [proven]}, {"authors": odd}), 1):
            path = self.journal(record(number, **changes))
            shown = self.run_verb("review", "show", ID % number, "--journal", path)
            rule = shown.out.splitlines()[-1]
            self.assertIn("proof" if number == 2 else 'networks = "192.0.2.1"', rule)
            conf = self.write("with-exception.conf", 'classification = { packs = [ ]; };\nrules = (\n' + rule +
                              '\n  { name = "subscription"; category = "subscription"; disposition = "block"; }\n);\n')
            checked = self.run_verb("check", "-c", conf)
            self.assertIn("2 rules, ", checked.out, checked.err)

    def test_show_names_other_decisions_about_the_message(self):
        again = record(3, message_id="<m1@vendor.example>", action="accept", would_action="accept",
                       recipients=[recipient("ann@customer.example", "general", "pass")])
        path = self.journal(record(1), record(2), again, record(4, queue_id="4cQ1", message_id=None), record(5, queue_id=None, message_id=None),
                            outcome(4), record(6, queue_id=None, message_id=None))
        def related(number):
            shown = self.run_verb("review", "show", ID % number, "--journal", path).out
            return [text.split(None, 1)[1] for text in shown.splitlines() if text.startswith("related ")]
        self.assertEqual(related(1), [f"{ID % 3}, 2026-11-03 10:00:00 +0000: pass", f"{ID % 4}, 2026-11-04 10:00:00 +0000: tempfail"])
        self.assertEqual(related(2), [])
        self.assertEqual(related(5), [])

    def test_tail_follows_a_journal_over_its_rotation(self):
        path = self.journal(record(1))
        child = subprocess.Popen([verbs.PROGRAM, "review", "tail", "--journal", path], stdout=subprocess.PIPE, text=True,
                                 env=self.environment(), cwd=self.folder)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        time.sleep(1)
        def append(text):
            with open(path, "a", encoding="utf-8") as file:
                file.write(text)
        def next_id():
            return child.stdout.readline().split()[3]
        append(line(record(2)) + line(passed(3)) + line(record(4))[:100])
        self.assertEqual(next_id(), ID % 2)
        append(line(record(4))[100:] + "no record\n")
        self.assertEqual(next_id(), ID % 4)
        os.rename(path, path + ".1")
        with open(path + ".1", "a", encoding="utf-8") as file:
            file.write(line(record(5)))
        append(line(record(6, subject="\x1b[31m")) + line(outcome(6)))
        self.assertEqual([next_id(), next_id(), next_id()], [ID % 5, ID % 6, ID % 6])
        self.assertIsNone(child.poll())

    def test_nothing_is_proposed_where_no_rule_could_say_it(self):
        unreadable = {**recipient("x"), "canonical": None}
        nobody = {"address": None, "helo": None, "listener": None, "login": None, "cert_subject": None}
        for one in (passed(1), record(1, authors=[]), record(1, recipients=[unreadable]), record(1, client=nobody),
                    record(1, authors=[{"field": "from", "address": "a\nb@vendor.example", "party": "vendor"}])):
            shown = self.run_verb("review", "show", ID % 1, "--journal", self.journal(one))
            self.assertEqual(shown.status, 0, shown.err)
            self.assertNotIn("exception", shown.out)

    def test_release_names_the_commands_for_a_held_message(self):
        path = self.journal(record(1, action="quarantine", queue_id="4F00"), record(2), record(3, action="quarantine", queue_id="x; rm"))
        self.assert_says(self.run_verb("review", "release", ID % 1, "--journal", path), 0, """\
Postfix:   postsuper -H 4F00 && postqueue -i 4F00
Sendmail:  sendmail -qQ -qI4F00 -Q && sendmail -qI4F00
""", "")
        self.assert_says(self.run_verb("review", "release", ID % 2, "--journal", path), 1, "",
                         "csp-milterctl: this message was not held\n")
        odd = self.run_verb("review", "release", ID % 3, "--journal", path)
        self.assertNotIn("rm", odd.out)

    def test_csv_is_text_to_a_spreadsheet(self):
        subjects = ["=1+1", "+1", "-1", "@x", "\tx", 'a "b", c', "line\nfeed\x1b[31m", "请求 \u2028"]
        path = self.journal(*[record(n, subject=subject) for n, subject in enumerate(subjects, 1)])
        result = self.run_verb("review", "--csv", "--journal", path)
        rows = list(csv.reader(result.out.splitlines(keepends=True)))
        self.assertEqual([row[13] for row in rows], ["subject", "'=1+1", "'+1", "'-1", "'@x", "' x", 'a "b", c',
                                                     "line feed [31m", "请求 \u2028"])
        self.assertEqual({len(row) for row in rows}, {17})
        self.assertEqual(rows[1][:4], ["2026-11-01T10:00:00.250Z", ID % 1, "4cQ1", "reject"])
        self.assertEqual(len(self.run_verb("review", "--csv", "--from", "nobody", "--journal", path).out.splitlines()), 1)

    def mark(self, path, *words, **more):
        return self.run_verb("review", "mark", *words, "--journal", path, "--marks", self.path("marks.db"), **more)

    def test_marks_are_shown_filtered_and_counted(self):
        path = self.journal(record(1), record(2), record(3), record(4, recipients=[recipient("a@c.example", "other-rule")]))
        marks = ("--marks", self.path("marks.db"), "--journal", path)
        self.assert_says(self.mark(path, ID % 1, ID % 2, "confirmed"), 0, "", "")
        self.assert_says(self.mark(path, ID % 2, "false-positive", "--note", "a partner\x1b[31m, =1+1"), 0, "", "")
        shown = self.run_verb("review", "show", ID % 2, *marks).out
        who = pwd.getpwuid(os.getuid()).pw_name
        self.assertRegex(shown, rf"\nmark         false-positive by {who}, 20\d\d-[^\n]*: a partner\\x1b\[31m, =1\+1\n")
        self.assertEqual(self.ids("--reviewed", *marks), [1, 2])
        self.assertEqual(self.ids("--unreviewed", *marks), [3, 4])
        found = [json.loads(text) for text in self.run_verb("review", "--json", *marks).out.splitlines()]
        self.assertEqual([one.get("mark", {}).get("verdict") for one in found], ["confirmed", "false-positive", None, None])
        rows = list(csv.reader(self.run_verb("review", "--csv", *marks).out.splitlines()))
        self.assertEqual(rows[2][14:], ["false-positive", who, "a partner [31m, =1+1"])
        self.assert_says(self.run_verb("review", "stats", *marks), 0, """\
rule         messages pass flag block tempfail would confirmed false_positive  wrong
subscription        3    0    0     3        0     0         1              1 50.0 %
other-rule          1    0    0     1        0     0         0              0      -
""", "")

    def test_the_configuration_names_the_marks(self):
        path = self.journal(record(1))
        conf = self.write("marks.conf", f'journal = {{ path = "{path}"; }}; review = {{ marks = "{self.path("in-conf.db")}"; index = ""; }};\n'
                          'classification = { packs = [ ]; };\nrules = ( { name = "r"; disposition = "pass"; } );\n')
        self.assert_says(self.run_verb("review", "mark", ID % 1, "confirmed", "-c", conf), 0, "", "")
        self.assertIn("mark         confirmed by ", self.run_verb("review", "show", ID % 1, "-c", conf).out)

    def test_a_mark_that_cannot_be_made_is_told_and_makes_none(self):
        path = self.journal(record(1), record(2))
        for words, status, message in (((ID % 1, ID % 9, "confirmed"), 66, "no decision's id begins with"),
                                       ((ID[:20], "confirmed"), 65, "is the beginning of more than one id"),
                                       ((ID % 1, "wrong"), 64, "then confirmed or false-positive"),
                                       ((ID % 1,), 64, "mark takes one ID or more"), ((), 64, "mark takes one ID or more")):
            with self.subTest(words):
                result = self.mark(path, *words)
                self.assertEqual(result.status, status, result.err)
                self.assertIn(message, result.err)
        self.assertFalse(os.path.exists(self.path("marks.db")))
        no_folder = self.run_verb("review", "mark", ID % 1, "confirmed", "--journal", path, "--marks", self.path("none/marks.db"))
        self.assertEqual(no_folder.status, 74, no_folder.err)
        self.assertIn("none/marks.db: unable to open database file", no_folder.err)
        self.write("marks.db", "no database at all, but long enough to be looked at as one" * 20)
        self.assertEqual(self.mark(path, ID % 1, "confirmed").status, 74)
        self.assertEqual(self.run_verb("review", "--journal", path, "--marks", self.path("marks.db")).status, 74)
        self.assertIn("--marks", self.run_verb("review", "mark", ID % 1, "confirmed", "--journal", path).err)

    def test_many_reviewers_at_once_lose_nothing(self):
        path = self.journal(*[record(n) for n in range(1, 25)])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda n: self.mark(path, ID % n, "confirmed"), range(1, 25)))
        self.assertEqual([result.status for result in results], [0] * 24, results)
        self.assertEqual(self.ids("--reviewed", "--journal", path, "--marks", self.path("marks.db")), list(range(1, 25)))
        self.assertEqual(os.stat(self.path("marks.db")).st_mode & 0o777, 0o660)

    def test_stats_count_messages_and_recipients(self):
        two = [recipient("a@c.example"), recipient("b@c.example", "general", "pass", would=[("trial", "flag")])]
        path = self.journal(record(1, recipients=two), passed(2), record(3, category=None), outcome(3))
        self.assert_says(self.run_verb("review", "stats", "--journal", path), 0, """\
rule         messages pass flag block tempfail would confirmed false_positive wrong
general             2    2    0     0        0     0         0              0     -
subscription        2    0    0     2        0     0         0              0     -
trial               1    0    0     0        0     1         0              0     -
""", "")
        for by, rows in (("category", {"subscription": (2, 2, 1), "-": (1, 0, 1)}),
                         ("sender", {"vendor": (3, 2, 2)}), ("customer", {"aaaaaaaa-0000-0000-0000-000000000001": (3, 2, 2)}),
                         ("day", {"2026-11-01": (1, 1, 1), "2026-11-02": (1, 1, 0), "2026-11-03": (1, 0, 1)}),
                         ("action", {"reject": (2, 1, 2), "accept": (1, 1, 0)})):
            with self.subTest(by):
                result = self.run_verb("review", "stats", "--by", by, "--json", "--journal", path)
                found = [json.loads(text) for text in result.out.splitlines()]
                self.assertEqual({one[by]: (one["messages"], one["pass"], one["block"]) for one in found}, rows)
        self.assert_says(self.run_verb("review", "stats", "--since", "2026-11-03", "--by", "day", "--journal", path), 0, """\
day        messages pass flag block tempfail would confirmed false_positive wrong
2026-11-03        1    0    0     1        0     0         0              0     -
""", "")

    def test_more_options_filter(self):
        other = {**recipient("a@c.example", "general", "pass"), "customer": "BBBB", "sender": "partner"}
        path = self.journal(
            record(1, subject="Ihre Rechnung für März"), record(2, action="quarantine", mode="monitor", queue_id="Ab"),
            passed(3, recipients=[other], category={"name": "incident", "evidence": []}),
            passed(4, recipients=[recipient("x@c.example", "general", "pass", would=[("trial", "block")])],
                   subject="Счёт 17 готов", would_action="reject"))
        for words, expected in (
                (("--subject", "RECHNUNG  für"), [1]), (("--subject", "счёт 17"), [4]), (("--subject", "17"), [4]),
                (("--subject", "18", "--all"), []), (("--subject", "ung", "--all"), [1]),
                (("--action", "quarantine"), [2]), (("--mode", "monitor"), [2]), (("--queue-id", "Ab"), [2]),
                (("--queue-id", "ab"), []), (("--sender", "partner", "--all"), [3]), (("--customer", "bbbb", "--all"), [3]),
                (("--customer", "bbbb", "--to", "x@", "--all"), []), (("--category", "incident", "--all"), [3]),
                (("--would",), [2, 4])):
            with self.subTest(words):
                self.assertEqual(self.ids(*words, "--journal", path), expected)

    def test_show_says_what_authentication_results_proved(self):
        found = {"trusted_hop": True, "fields": 1, "unreadable": 2, "dkim": ["a.example", "b.example"], "spf": "c.example"}
        proven = {**recipient("ann@customer.example"), "proof": "proven", "proven_by": ["dkim", "spf"]}
        path = self.journal(record(1, authentication=found, recipients=[proven]), record(2, authentication=None))
        shown = self.run_verb("review", "show", ID % 1, "--journal", path).out
        self.assertIn("(from, vendor)\ndkim         a.example, b.example\nspf          c.example\n"
                      "auth-results 2 Authentication-Results fields are unreadable\ncategory", shown)
        self.assertIn("  sender       vendor (proof: proven by dkim by spf)\n", shown)
        shown = self.run_verb("review", "show", ID % 2, "--journal", path).out
        self.assertIn("(from, vendor)\ncategory", shown)
        self.assertIn("(proof: unproven)\n", shown)

    def test_show_says_what_enforcing_would_have_done(self):
        monitored = [recipient("ann@customer.example", mode="monitor", would=[("subscription", "block")])]
        path = self.journal(record(1, mode="monitor", action="accept", recipients=monitored, category=None))
        shown = self.run_verb("review", "show", ID % 1, "--journal", path).out
        self.assertIn("action       accept (monitor mode; enforcing: reject)\n", shown)
        self.assertIn("category     (could not be found out)\n", shown)
        self.assertIn("  rule         subscription: block\nreply", shown)

    def test_the_beginning_of_an_id_is_enough_where_it_is_unique(self):
        path = self.journal(record(1), record(12), passed(20))
        whole = self.run_verb("review", "show", ID % 20, "--journal", path)
        self.assert_says(self.run_verb("review", "show", (ID % 20)[:25], "--journal", path), 0, whole.out)
        self.assert_says(self.run_verb("review", "show", (ID % 20)[:25].upper(), "--journal", path), 0, whole.out)
        self.assert_says(self.run_verb("review", "show", "01kb", "--journal", path), 65, "",
                         "csp-milterctl: '01kb' is the beginning of more than one id:\n"
                         f"csp-milterctl:   {ID % 1}\ncsp-milterctl:   {ID % 12}\ncsp-milterctl:   {ID % 20}\n")
        self.assert_says(self.run_verb("review", "show", "7", "--journal", path), 66, "",
                         "csp-milterctl: no decision's id begins with '7'\n")

    def test_a_record_written_twice_is_one_decision(self):
        path = self.journal(record(1), record(1))
        self.assertEqual(json.loads(self.run_verb("review", "show", ID % 1, "--json", "--journal", path).out), record(1))

    def test_nothing_of_the_mail_reaches_the_terminal_raw(self):
        hostile = "\x1b[2J\x1b]0;owned\x07 %n%s \u2028 \u202e \x9b31m \x7f \x00 \t\r\n end"
        path = self.write("journal", json.dumps(record(
            1, subject=hostile, reverse_path=hostile, message_id=hostile, reply=hostile,
            authors=[{"field": "from", "address": hostile, "party": "vendor"}],
            recipients=[{**recipient(hostile, hostile)}], queue_id=hostile)) + "\n")
        safe = r"\x1b[2J\x1b]0;owned\x07 %n%s \xe2\x80\xa8 \xe2\x80\xae \xc2\x9b31m \x7f \x00 \x09\x0d\x0a end"
        for words in ((), ("show", ID % 1), ("--json",)):
            out = self.run_verb("review", *words, "--journal", path).out
            self.assertEqual([c for c in out if c != "\n" and unicodedata.category(c) in ("Cc", "Zl", "Zp")], [], words)
            if words != ("--json",):
                self.assertIn(safe, out)
        self.assertEqual(json.loads(out)["subject"], hostile)

    def test_a_subject_of_sixty_kilobytes_is_one_row(self):
        path = self.journal(record(1, subject="long " * 12288))
        self.assertEqual(len(cells(self.run_verb("review", "--journal", path).out)), 1)
        self.assertEqual(len(json.loads(self.run_verb("review", "--json", "--journal", path).out)["subject"]), 61440)

    def test_columns_stand_straight_behind_wide_letters(self):
        path = self.journal(record(1, authors=[{"field": "from", "address": "请求@vendor.example", "party": "other"}]), record(2))
        first, second = self.run_verb("review", "--journal", path).out.splitlines()[1:]
        # Two letters of two columns each: the same place on the screen is two characters earlier.
        self.assertEqual(first.index("<ann@") + 2, second.index("<ann@"))

    def test_colour_is_for_terminals_that_want_it(self):
        path = self.journal(record(1))
        self.assertNotIn("\x1b", self.run_verb("review", "--journal", path).out)
        self.assertIn("\x1b[", self.on_terminal("review", "--journal", path, TERM="xterm"))
        self.assertNotIn("\x1b", self.on_terminal("review", "--journal", path, TERM="xterm", NO_COLOR="1"))

    def test_a_narrow_terminal_shows_each_decision_in_three_lines(self):
        path = self.journal(record(1), record(2, subject="long " * 100))
        shown = self.on_terminal("review", "--journal", path, columns=80, NO_COLOR="1").splitlines()
        self.assertEqual([row.rstrip() for row in shown[:4]], [
            "2026-11-01 10:00:00 +0000 01kbq00000000000 reject subscription",
            "    billing@vendor.example <ann@customer.example>",
            "    Your invoice 1",
            "2026-11-02 10:00:00 +0000 01kbq00000000000 reject subscription"])
        self.assertTrue(shown[5].startswith("    long long ") and len(shown[5]) <= 80, shown[5])
        self.assertEqual(len(shown), 6)

    def test_nothing_found_is_no_error(self):
        empty = self.journal()
        self.assert_says(self.run_verb("review", "--journal", empty), 0, "",
                         "csp-milterctl: none of 0 decisions matches; --all shows plain passes too\n")
        self.assert_says(self.run_verb("review", "--all", "--from", "nobody", "--json", "--journal", self.journal(record(1))), 0, "",
                         "csp-milterctl: none of 1 decisions matches\n")

    def test_the_configuration_names_the_journal(self):
        self.journal(record(1), name="log/decisions.jsonl")
        conf = self.write("csp-milter.conf", f"""
            vendor = {{ domains = [ "vendor.example" ]; }};
            journal = {{ path = "{self.path("log/decisions.jsonl")}"; }};
            directory = {{ path = "{self.path("directory")}"; }};
            classification = {{ packs = [ ]; }};
            rules = ( {{ name = "general"; disposition = "pass"; }} );
        """)
        self.assertEqual(self.ids("-c", conf), [1])
        self.assertEqual(self.ids("--config", conf), [1])
        self.assertEqual(self.run_verb("review", "-c", self.path("missing.conf")).status, 66)

    def test_a_journal_that_cannot_be_read_is_named(self):
        self.assert_says(self.run_verb("review", "--journal", "/nonexistent"), 66, "",
                         "csp-milterctl: /nonexistent: No such file or directory\n")
        self.assert_says(self.run_verb("review", "--journal", self.folder), 66, "",
                         f"csp-milterctl: {self.folder}: Is a directory\n")

    def test_wrong_calls_are_refused(self):
        for words, message in (
                (("--bogus",), "'--bogus' is no option, or lacks its value"),
                (("--rule",), "'--rule' is no option, or lacks its value"),
                (("--since", "soon"), "'soon' is no time"),
                (("--disposition", "reject"), "'reject' is no disposition: pass, flag, block or tempfail"),
                (("--limit", "-1"), "'-1' is no number of decisions"),
                (("--limit", "9x"), "'9x' is no number of decisions"),
                (("--limit", "99999999999999999999"), "'99999999999999999999' is no number of decisions"),
                (("--page", "0"), "'0' is no number of a page"), (("--page", "-2"), "'-2' is no number of a page"),
                (("--sort", "size"), "'size' is none of time, from, to, rule, customer, category and subject"),
                (("index", "--journal", "x"), "the index is of the configuration's journal"),
                (("shwo",), "'shwo' is none of list, show, mark, stats, report, tail, release and index"),
                (("list", "more"), "'more' is too much: list takes options alone"),
                (("stats", "more"), "'more' is too much: stats takes options alone"),
                (("release",), "release takes one ID"), (("--by", "size"), "'size' is none of rule, category, sender, from, customer, language, day and action"),
                (("--subject", "!"), "'!' has no letter or digit to look for"),
                (("show",), "show takes one ID"), (("report",), "name the file of the report with -o"),
                (("show", ""), "show takes one ID"),
                (("show", "a", "b"), "show takes one ID")):
            with self.subTest(words):
                self.assert_usage(self.run_verb("review", *words), "review", message)

    def test_a_full_disk_is_an_error(self):
        path = self.journal(record(1))
        with open("/dev/full", "wb") as full:
            done = subprocess.run([verbs.PROGRAM, "review", "--json", "--journal", path], stdout=full,
                                  stderr=subprocess.PIPE, env=self.environment(), timeout=60)
        self.assertEqual(done.returncode, 74, done.stderr)


if __name__ == "__main__":
    verbs.main()
