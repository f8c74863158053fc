"""What another configuration would have decided."""

import json

import verbs

PACK = """
language = "en";
phrases = ( { category = "subscription"; meaning = "invoice"; phrases = [ "invoice" ]; } );
"""
PARTNER = "bbbbbbbb-0000-0000-0000-000000000001"
DIRECTORY = [
    {"type": "partner", "id": PARTNER, "name": "Partner", "domains": ["partner.example"], "proofs": {"logins": ["partner"]}},
    {"type": "customer", "id": "cccccccc-0000-0000-0000-000000000001", "name": "Customer", "domains": ["customer.example"],
     "partners": [{"partner": PARTNER, "role": "direct-bill"}]},
]
BLOCK = '{ name = "subscription"; category = "subscription"; disposition = "block"; action = "reject"; reply = "550 5.7.1 No"; }'
GENERAL = '{ name = "general"; disposition = "pass"; }'


class ReplayTest(verbs.VerbTest):
    def setUp(self):
        super().setUp()
        self.numbers = iter(range(100))
        self.write("en.conf", PACK)
        self.write("customers.jsonl", "".join(json.dumps(one) + "\n" for one in DIRECTORY))
        self.conf("old.conf", f"( {BLOCK}, {GENERAL} )")
        done = self.run_verb("directory", "import", "-c", self.path("old.conf"), "--source", "test", self.path("customers.jsonl"))
        self.assertEqual(done.status, 0, done.err)

    def conf(self, name, rules, more="", packs='"en.conf"'):
        return self.write(name, f"""
mode = "enforce";
directory = {{ path = "{self.path("directory")}"; }};
journal = {{ path = "{self.path("journal")}"; }};
review = {{ index = ""; }};
classification = {{ packs = [ {packs} ]; }};
{more}
rules = {rules};
""")

    def decide(self, subject="Your invoice", conf="old.conf", headers=b"", rcpt=("ann@customer.example",), sender="x@vendor.example", **changes):
        """The record of a decision, in the journal."""
        mail = self.write("mail.eml", b"From: x@vendor.example\nSubject: " + subject.encode() + b"\n" + headers + b"\nText.\n")
        words = [word for one in rcpt for word in ("--rcpt", one)]
        done = self.run_verb("explain", "--json", "-c", self.path(conf), "--from", sender, *words, mail)
        self.assertEqual(done.status, 0, done.err)
        record = json.loads(done.out)
        record.update({"decision": "%026d" % next(self.numbers), **changes})
        with open(self.path("journal"), "a", encoding="utf-8") as file:
            file.write(json.dumps(record, separators=(",", ":")) + "\n")
        return record

    def replay(self, conf, status, *words):
        done = self.run_verb("replay", "--json", "-c", self.path(conf), *words)
        self.assertEqual(done.status, status, done.err)
        return json.loads(done.out)

    def test_the_policy_that_decided_changes_nothing(self):
        for subject in ("Your invoice", "Hello", "=?utf-8?q?Your_invoice?=", "caf\udce9 invoice".encode("utf-8", "surrogateescape").decode("latin-1")):
            self.decide(subject)
        self.decide(headers=b"Subject: Your \xff\xfe invoice\nX-Bad: \x01\n", rcpt=("ann@customer.example", "joe@elsewhere.example", "\u00e4@customer.example"))
        found = self.replay("old.conf", 0)
        self.assertEqual((found["replayed"], found["changed"], found["recipients"], found["messages"]), (5, 0, [], []))
        self.assertEqual(found["schema"], "csp-milter/replay/1")
        self.assertEqual(self.run_verb("replay", "-c", self.path("old.conf")).out,
                         "5 decisions made again; 0 messages would be treated differently\n")

    def test_what_would_change_is_told_with_examples(self):
        ids = [self.decide()["decision"] for _ in range(4)]
        self.decide("Hello")
        both = self.decide(rcpt=("joe@elsewhere.example", "ann@customer.example"))["decision"]
        self.conf("new.conf", f'( {{ name = "watched"; recipient = "customer.example"; disposition = "flag"; }}, {BLOCK}, {GENERAL} )')
        found = self.replay("new.conf", 1)
        self.assertEqual(found["changed"], 6)
        self.assertEqual(found["recipients"], [
            {"was": "subscription: block (reject)", "would_be": "watched: flag", "count": 5, "examples": ids[:3]},
            {"was": "general: pass", "would_be": "watched: flag", "count": 1, "examples": ["%026d" % 4]}])
        self.assertEqual(found["messages"], [
            {"was": "reject", "would_be": "flag", "count": 5, "examples": ids[:3]},
            {"was": "accept", "would_be": "flag", "count": 1, "examples": ["%026d" % 4]}])
        self.assertEqual(found["rules"], {"subscription": {"was": 5, "would_be": 0}, "general": {"was": 1, "would_be": 0},
                                          "watched": {"was": 0, "would_be": 6}, "not-a-customer": {"was": 1, "would_be": 1}})
        self.assertEqual(found["dispositions"], {"block": {"was": 5, "would_be": 0}, "pass": {"was": 2, "would_be": 1}, "flag": {"was": 0, "would_be": 6}})
        self.assert_says(self.run_verb("replay", "-c", self.path("new.conf")), 1, f"""\
6 decisions made again; 6 messages would be treated differently

RECIPIENTS WAS                          WOULD BE      FOR EXAMPLE
         5 subscription: block (reject) watched: flag {" ".join(ids[:3])}
         1 general: pass                watched: flag {"%026d" % 4}

MESSAGES WAS    WOULD BE FOR EXAMPLE
       5 reject flag     {" ".join(ids[:3])}
       1 accept flag     {"%026d" % 4}

RULE                                  WAS     WOULD BE
subscription                            5            0
watched                                 0            6
general                                 1            0
not-a-customer                          1            1

DISPOSITION                           WAS     WOULD BE
block                                   5            0
flag                                    0            6
pass                                    2            1
""", "")
        self.assertEqual(both, "%026d" % 5)
        self.conf("monitor.conf", f"( {BLOCK}, {GENERAL} )", 'mode = "monitor";'.replace("mode", "help_url").replace('"monitor"', '"https://x.example/"'))
        self.assertEqual(self.replay("monitor.conf", 0)["changed"], 0)
        self.conf("narrow.conf", f"( {BLOCK}, {GENERAL} )", 'outbound = { clients = { logins = [ "nobody" ]; }; };')
        self.assertEqual(self.replay("narrow.conf", 1)["messages"][0]["would_be"], "(not judged)")

    def test_what_cannot_be_decided_again_is_counted(self):
        self.decide(inputs=None)
        self.decide(sender="x\ufffd@vendor.example")
        record = self.decide()
        record["recipients"][0]["rule"] = "fault"
        self.decide(recipients=record["recipients"])
        self.decide(headers=b"Thread-Topic: Your invoice\n")
        self.conf("topic.conf", f"( {BLOCK}, {GENERAL} )")
        found = self.replay("old.conf", 0)
        self.assertEqual(found["not_replayable"], {"no_inputs": 1, "lossy": 1, "fault": 1, "unknown": 0})
        self.assertEqual(found["replayed"], 2)
        text = self.path("old.conf")
        with open(text, encoding="utf-8") as file:
            changed = file.read().replace("classification = {", 'classification = { text_fields = [ "Subject", "X-Topic" ];')
        self.write("more.conf", changed)
        self.decide(headers=b"X-Topic: Your invoice\n")
        found = self.replay("more.conf", 0)
        self.assertEqual((found["not_replayable"]["unknown"], found["replayed"]), (1, 2))
        said = self.run_verb("replay", "-c", self.path("more.conf"))
        self.assertEqual(said.err.splitlines(), [
            "csp-milterctl: 1 could not be decided on again: their inputs were not recorded (journal.inputs)",
            "csp-milterctl: 1 could not be decided on again: octets of their envelopes were no UTF-8",
            "csp-milterctl: 1 could not be decided on again: a failure had decided",
            "csp-milterctl: 1 could not be decided on again: header fields are read that were not read then"])

    def test_time_and_journals_are_chosen(self):
        self.decide()
        self.decide(time="2001-01-01T00:00:00.000Z")
        self.assertEqual(self.replay("old.conf", 0)["replayed"], 1)
        self.assertEqual(self.replay("old.conf", 0, "--since", "2000-01-01")["replayed"], 2)
        self.assertEqual(self.replay("old.conf", 2, "--since", "2000-01-01", "--until", "2000-02-01")["replayed"], 0)
        self.assertEqual(self.replay("old.conf", 0, "--journal", self.path("journal"))["replayed"], 1)
        self.assertEqual(self.run_verb("replay", "-c", self.path("old.conf"), "--journal", "/nonexistent").status, 66)
        self.assertEqual(self.run_verb("replay", "-c", "/nonexistent").status, 66)
        self.assert_usage(self.run_verb("replay", "--since", "soon"), "replay", "'soon' is no time")
        self.assert_usage(self.run_verb("replay", "more"), "replay", "'more' is too much")
        self.assertIn("Usage: csp-milterctl replay", self.run_verb("replay", "--help").out)

    def test_another_state_of_the_directory_is_said(self):
        self.decide(directory=7)
        found = self.replay("old.conf", 0)
        self.assertEqual(found["other_directory"], 1)
        self.assertIn("1 were decided with another state of the directory", self.run_verb("replay", "-c", self.path("old.conf")).err)


if __name__ == "__main__":
    verbs.main()
