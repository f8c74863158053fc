import json

import verbs

CONF = """
mode = "{1}";
own_domains = [ "vendor.example" ];
vendor = {{ domains = [ "vendor.example" ]; proofs = {{
  logins = [ "bill" ]; networks = [ "192.0.2.0/24" ]; listeners = [ "out" ]; cert_subjects = [ "/CN=bill" ]; }}; }};
directory = {{ path = "{0}/directory"; max_age = {2}; }};
failure = {{ old_directory = "{3}"; }};
journal = {{ path = "{0}/decisions.jsonl"; }};
classification = {{ packs = [ "pack.conf" ]; }};
limits = {{ header_bytes = 4096; header_fields = 50; recipients = 5; }};
rules = (
  {{ name = "partner-of-record"; sender = "partner-of-record"; despite = "any"; disposition = "pass"; }},
  {{ name = "trial"; category = "subscription"; mode = "monitor"; disposition = "flag"; }},
  {{ name = "subscription"; category = "subscription"; disposition = "block"; action = "reject";
     reply = "550 5.7.1 Ask the partner of record (${{decision}})"; }},
  {{ name = "general"; disposition = "pass"; }}
);
"""
PACK = """
language = "en";
phrases = ( { category = "subscription"; meaning = "invoice"; phrases = [ "invoice" ]; } );
products = ( { name = "mail"; phrases = [ "cloud mail" ]; } );
"""
PARTNER, CUSTOMER = "bbbbbbbb-0000-0000-0000-000000000001", "cccccccc-0000-0000-0000-000000000001"
DIRECTORY = [
    {"type": "partner", "id": PARTNER, "name": "Partner", "domains": ["partner.example"], "proofs": {"logins": ["partner"]}},
    {"type": "customer", "id": CUSTOMER, "name": "Customer", "domains": ["customer.example"],
     "partners": [{"partner": PARTNER, "role": "direct-bill", "from": "2026-01-01", "until": "2027-01-01"}]},
]
MAIL = "From: Billing <billing@vendor.example>\nTo: somebody@else.example\nSubject: Your invoice for Cloud Mail\n\nSubject: no\n"


class ExplainTest(verbs.VerbTest):
    def setUp(self):
        super().setUp()
        self.configure("enforce")
        self.write("pack.conf", PACK)
        self.mail = self.write("mail.eml", MAIL)
        lines = self.write("directory.jsonl", "".join(json.dumps(one) + "\n" for one in DIRECTORY))
        imported = self.run_verb("directory", "import", "-c", self.conf, "--source", "test", lines)
        self.assertEqual(imported.status, 0, imported.err)

    def configure(self, mode, max_age=0, old="use"):
        self.conf = self.write("csp-milter.conf", CONF.format(self.folder, mode, max_age, old))

    def explain(self, *words, mail=None, rcpt="ann@customer.example", from_="bounce@vendor.example"):
        words = ["-c", self.conf, *(("--rcpt", rcpt) if rcpt else ()), *(("--from", from_) if from_ else ()), *words]
        stdin = b"" if mail is None else mail if isinstance(mail, bytes) else mail.encode()
        return self.run_verb("explain", *words, self.mail if mail is None else "-", stdin=stdin)

    def decision(self, *words, **more):
        result = self.explain("--json", "--at", "2026-06-01", *words, **more)
        self.assertEqual(result.status, 0, result.err)
        self.assertEqual(result.out.count("\n"), 1)
        return json.loads(result.out)

    def test_a_directory_that_is_too_old_is_told_and_has_the_daemons_policy(self):
        always = dict(DIRECTORY[1], partners=[{"partner": PARTNER, "role": "direct-bill"}])
        imported = self.run_verb("directory", "import", "-c", self.conf, "--source", "test",
                                 self.write("always.jsonl", json.dumps(always) + "\n"))
        self.assertEqual(imported.status, 0, imported.err)
        for at, old, action, told in (("2099-01-01", "use", "reject", True), ("2099-01-01", "flag-and-pass", "flag", True),
                                      ("2099-01-01", "accept", "accept", True), ("2020-01-01", "tempfail", "reject", False)):
            with self.subTest(at=at, old=old):
                self.configure("enforce", 24, old)
                result = self.explain("--json", "--at", at)
                self.assertEqual(result.status, 0, result.err)
                self.assertEqual(json.loads(result.out)["action"], action)
                self.assertEqual("directory.max_age" in result.err, told, result.err)

    def test_the_report_says_what_and_why(self):
        self.assert_says(self.explain("--at", "2026-06-01", "--client", "192.0.2.7", "--rcpt", "x@nobody.example"), 0, f"""\
action       reject
subject      Your invoice for Cloud Mail
from         billing@vendor.example (vendor)
reverse-path bounce@vendor.example (vendor)
category     subscription
             en/invoice (invoice) in Subject: "invoice"
products     mail
to           <ann@customer.example>, looked up as ann@customer.example
  customer     {CUSTOMER}
  sender       vendor (proof: proven)
  product      csp
  looked at    partner-of-record: no (sender)
               trial: yes, but it is in monitor mode
               subscription: yes
  rule         subscription: block
  would        trial: flag (not enforced here)
to           <x@nobody.example>, looked up as x@nobody.example
  rule         not-a-customer: pass (no customer of a partner)
reply        550 5.7.1 Ask the partner of record (-)
""", "")

    def test_json_is_the_record(self):
        one = self.decision("--client", "192.0.2.7", "--macro", "i=4cQ")
        self.assertEqual((one["schema"], one["decision"], one["time"], one["queue_id"]),
                         ("csp-milter/decision/1", "-", "2026-06-01T00:00:00.000Z", "4cQ"))
        self.assertEqual((one["action"], one["reverse_path"], one["category"]["name"]),
                         ("reject", "<bounce@vendor.example>", "subscription"))
        self.assertEqual(one["recipients"][0]["would"], [{"rule": "trial", "disposition": "flag"}])

    def test_a_relation_counts_while_it_is_valid(self):
        mail = MAIL.replace("vendor", "partner")
        for at, sender in (("2026-06-01", "partner-of-record"), ("2027-06-01", None)):
            result = self.explain("--json", "--at", at, "--login", "partner", mail=mail, from_="b@partner.example")
            self.assertEqual(json.loads(result.out)["recipients"][0]["sender"], sender)

    def test_every_fact_of_the_mta_can_be_given(self):
        unproven, proven = "unproven", "proven"
        for words, proof in (
                ((), unproven),
                (("--login", "bill"), proven), (("--login", "jill"), unproven),
                (("--client", "192.0.2.255"), proven), (("--client", "192.0.3.0"), unproven), (("--client", "::ffff:192.0.2.1"), proven),
                (("--listener", "out"), proven), (("--cert-subject", "/CN=bill"), proven),
                (("--macro", "{auth_authen}=bill"), proven), (("--macro", "auth_authen=bill"), proven),
                (("--macro", "{client_addr}=192.0.2.1"), proven), (("--macro", "{daemon_name}=out"), proven),
                (("--macro", "{cert_subject}=/CN=bill", "--macro", "{verify}=OK"), proven),
                (("--macro", "verify=OK", "--macro", "cert_subject=/CN=bill"), proven),
                (("--macro", "{cert_subject}=/CN=bill", "--macro", "{verify}=FAIL"), unproven),
                (("--macro", "{cert_subject}=/CN=bill"), unproven)):
            with self.subTest(words):
                self.assertEqual(self.decision(*words)["recipients"][0]["proof"], proof)

    def test_authentication_results_in_the_file_count_for_the_client_that_is_named(self):
        with open(self.conf, "a", encoding="utf-8") as conf:
            conf.write("""authentication_results = { authserv_ids = "mx.vendor.example";
                trusted_hops = { networks = "198.51.100.7"; }; partners = "spf"; };""")
        mail = ("Authentication-Results: mx.vendor.example;\n\tspf=pass (\u00e4) smtp.mailfrom=b@partner.example\n"
                "Received: from a by mx.vendor.example; Mon, 1 Jun 2026 10:00:00 +0000\n" + MAIL.replace("vendor", "partner"))
        for client, told, sender in (
                ("198.51.100.7", "spf partner.example", "partner-of-record (proof: proven by spf)"),
                ("198.51.100.8", "not believed: the client is no trusted hop", "partner (proof: unproven)")):
            with self.subTest(client):
                out = self.explain("--client", client, "--at", "2026-06-01", mail=mail, from_="b@partner.example").out
                self.assertIn(f"\nauth-results {told}\n", out)
                self.assertIn(f"\n  sender       {sender}\n", out)

    def test_a_certificate_without_verify_is_said_to_prove_nothing(self):
        self.assertIn("csp-milterctl: without verify=OK the MTA's cert_subject proves nothing\n",
                      self.explain("--macro", "{cert_subject}=/CN=bill").err)

    def test_monitor_mode_says_what_enforcing_would_do(self):
        self.configure("monitor")
        out = self.explain().out
        self.assertTrue(out.startswith("action       accept (monitor mode; enforcing: reject)\n"), out)

    def test_the_null_reverse_path_is_written_as_two_brackets(self):
        self.assertEqual(self.decision(from_="<>")["reverse_path"], "<>")

    def test_without_from_the_only_author_stands_in(self):
        result = self.explain("--json", from_=None)
        self.assertEqual(json.loads(result.out)["reverse_path"], "<billing@vendor.example>")
        self.assertEqual(result.err, "csp-milterctl: taking the From field's address as the reverse-path: <billing@vendor.example>\n")
        for mail in ("Subject: x\n\n", "From: a@b.example, c@d.example\n\n"):
            self.assert_usage(self.explain(mail=mail, from_=None), "explain",
                              "the From field does not name exactly one address; name the reverse-path with --from")

    def test_only_the_header_section_is_read(self):
        self.assertEqual(self.decision(mail=MAIL.replace("\n", "\r\n"))["subject"], "Your invoice for Cloud Mail")
        self.assertEqual(self.decision(mail="From x@y Mon Nov 23\n" + MAIL)["subject"], "Your invoice for Cloud Mail")
        self.assertEqual(self.decision(mail="\nSubject: invoice\n")["category"]["name"], "other")

    def test_an_empty_file_is_a_message_without_fields_and_said_so(self):
        result = self.explain("--json", mail="")
        self.assertEqual((result.status, json.loads(result.out)["subject"]), (0, None))
        self.assertEqual(result.err, "csp-milterctl: -: no header field before the empty line\n")

    def test_past_a_limit_the_message_is_marked(self):
        self.assertNotIn("truncated", self.decision()["marks"])
        self.assertIn("truncated", self.decision(mail="X: y\n" * 60 + MAIL)["marks"])
        self.assertIn("truncated", self.decision(mail="X: " + "y" * 5000 + "\n" + MAIL)["marks"])
        self.assertIn("truncated", self.decision(*(6 * ["--rcpt", "ann@customer.example"]))["marks"])
        self.assertIn("truncated", self.decision(mail=b"X: " + b"y" * (1 << 22))["marks"])

    def test_hostile_headers_come_out_safe(self):
        hostile = b"invoice \x1b[2J %n \xff \xe2\x80\xa8 \x00 end"
        mail = b'From: "\x1b[2J" <"\x1b[31m"@vendor.example>\nSubject: ' + hostile + b"\nThread-Topic: " + b"x" * 2000 + b"\n\n"
        report = self.explain(mail=mail, from_="<\x1b[2J@x.example>").out
        self.assertEqual([c for c in report if c != "\n" and not c.isprintable()], [])
        one = self.decision(mail=mail)
        self.assertIn("undecodable", one["marks"])
        self.assertIn("bare-newline", one["marks"])
        self.assertEqual(one["action"], "reject")
        told = self.explain(mail=b'From: <"\x1b[31m"@vendor.example>\n\n', from_=None).err
        self.assertNotIn("\x1b", told)

    def test_without_a_directory_the_failure_policy_decides(self):
        self.conf = self.write("csp-milter.conf", CONF.format(self.folder, "enforce", 0, "use").replace("/directory", "/none"))
        result = self.explain("--json")
        self.assertEqual((result.status, json.loads(result.out)["action"]), (0, "tempfail"))
        self.assertTrue(result.err.startswith(f"csp-milterctl: {self.folder}/none: "), result.err)
        self.assertTrue(result.err.endswith("; deciding as the daemon would without a directory\n"), result.err)

    def test_files_that_cannot_be_read_are_named(self):
        call = ("explain", "-c", self.conf, "--from", "a@b.example", "--rcpt", "x@y.example")
        self.assert_says(self.run_verb(*call, "/nonexistent.eml"), 66, "", "csp-milterctl: /nonexistent.eml: No such file or directory\n")
        self.assert_says(self.run_verb(*call, self.folder), 66, "", f"csp-milterctl: {self.folder}: Is a directory\n")
        self.assertEqual(self.run_verb("explain", "-c", self.path("none"), "--rcpt", "x@y.example", self.mail).status, 66)

    def test_wrong_calls_are_refused(self):
        rcpt = ("--rcpt", "a@b.example")
        for words, message in (
                ((self.mail,), "name the envelope recipients with --rcpt"),
                (rcpt, "name one file, or - for standard input"),
                ((*rcpt, "a", "b"), "name one file, or - for standard input"),
                ((*rcpt, "--client", "192.0.2", "-"), "'192.0.2' is no IP address"),
                ((*rcpt, "--macro", "{client_addr}=x", "-"), "'x' is no IP address"),
                ((*rcpt, "--macro", "{mail_addr}=x", "-"), "the filter does not read the macro 'mail_addr'"),
                ((*rcpt, "--macro", "{auth_authen}", "-"), "'{auth_authen}' is not NAME=TEXT"),
                ((*rcpt, "--at", "soon", "-"), "'soon' is no time"),
                ((*rcpt, "--bogus", "-"), "'--bogus' is no option, or lacks its value")):
            with self.subTest(words):
                self.assert_usage(self.run_verb("explain", *words), "explain", message)


if __name__ == "__main__":
    verbs.main()
