import json
import subprocess

import verbs

CONF = """
vendor = {{ domains = [ "vendor.example" ]; }};
directory = {{ path = "{0}/directory"; }};
journal = {{ path = "{0}/decisions.jsonl"; }};
classification = {{ packs = [ "pack.conf" ]; }};
rules = ( {{ name = "general"; disposition = "pass"; }} );
"""
PACK = """
language = "en";
phrases = (
  { category = "subscription"; meaning = "invoice"; phrases = [ "invoice", "请求" ]; },
  { category = "incident"; meaning = "outage"; phrases = [ "service outage" ]; }
);
products = ( { name = "mail"; phrases = [ "cloud mail" ]; }, { name = "disk"; phrases = [ "cloud disk" ]; } );
senders = ( { name = "billing"; category = "subscription"; addresses = [ "billing@vendor.example" ]; } );
"""


class ClassifyTest(verbs.VerbTest):
    def setUp(self):
        super().setUp()
        self.conf = self.write("csp-milter.conf", CONF.format(self.folder))
        self.write("pack.conf", PACK)

    def classify(self, *words, stdin=b""):
        return self.run_verb("classify", "-c", self.conf, *words, stdin=stdin if isinstance(stdin, bytes) else stdin.encode())

    def test_a_line_is_a_subject(self):
        self.assert_says(self.classify(stdin="Your invoice\nService OUTAGE in Paris\nHello\n\n请求\nunended invoice"), 0, """\
subscription  en/invoice                 Your invoice
incident      en/outage                  Service OUTAGE in Paris
other         -                          Hello
other         -                          \n\
subscription  en/invoice                 请求
subscription  en/invoice                 unended invoice
""", "")

    def test_encoded_words_are_decoded(self):
        subject = "=?utf-8?b?6K+35rGC?=\n=?iso-8859-1?q?Votre_invoice_=E9?=\n"
        self.assertEqual([row.split("\t")[1] for row in self.classify("--tsv", stdin=subject).out.splitlines()],
                         ["subscription", "subscription"])

    def test_tsv_has_line_category_products_rule_and_match(self):
        self.assert_says(self.classify("--tsv", stdin="Invoice for cloud disk and cloud mail\nhello\n"), 0,
                         "1\tsubscription\tmail,disk\ten/invoice: invoice\n2\tother\t\t\n", "")

    def test_a_header_row_names_the_columns(self):
        table = "\ufeffid\tfrom\tsubject\r\n7\tbilling@vendor.example\thello\r\n8\t\tService outage\r\n9\n"
        self.assert_says(self.classify("--tsv", stdin=table), 0,
                         "2\tsubscription\t\tbilling: billing@vendor.example\n"
                         "3\tincident\t\ten/outage: service outage\n4\tother\t\t\n", "")

    def test_the_sender_speaks_only_where_the_text_does_not(self):
        table = "subject\tfrom\nService outage\tBilling <billing@vendor.example>\n"
        self.assertEqual(self.classify("--tsv", stdin=table).out, "2\tincident\t\ten/outage: service outage\n")

    def test_json_has_all_evidence(self):
        out = self.classify("--json", stdin="Service outage: your invoice\n").out
        self.assertEqual(json.loads(out), {
            "schema": "csp-milter/classification/1", "line": 1, "subject": "Service outage: your invoice",
            "category": "subscription",
            "evidence": [
                {"category": "subscription", "rule": "en/invoice", "field": "Subject", "phrase": "invoice", "match": "invoice"},
                {"category": "incident", "rule": "en/outage", "field": "Subject", "phrase": "service outage", "match": "service outage"}],
            "products": [], "lists": [], "marks": ["conflicting-evidence"]})

    def test_score_compares_with_the_category_column(self):
        rows = ["category\tsubject"] + 3 * ["subscription\tYour invoice"] + ["subscription\thello"] + \
            2 * ["incident\tService outage"] + 2 * ["other\tAn invoice"] + 2 * ["operational\tx"]
        self.assert_says(self.classify("--score", stdin="\n".join(rows)), 0, """\
expected \\ found  subscription      incident   operational         other
subscription                 3             0             0             1
incident                     0             2             0             0
operational                  0             0             0             2
other                        2             0             0             0

category            lines    found    right  recall                  precision
subscription            4        5        3  0.750 [0.301, 0.954]   0.600 [0.231, 0.882]
incident                2        2        2  1.000 [0.342, 1.000]   1.000 [0.342, 1.000]
operational             2        0        0  0.000 [0.000, 0.658]   -
other                   2        3        0  0.000 [0.000, 0.658]   0.000 [0.000, 0.561]
""", "")

    def test_score_shows_languages_of_ten_lines(self):
        rows = ["language\tcategory\tsubject"] + 10 * ["en\tsubscription\tYour invoice"] + 9 * ["fr\tother\tbonjour"]
        out = self.classify("--score", stdin="\n".join(rows)).out
        self.assertEqual(out.split("\n\n")[2], """\
language          category            lines    found    right  recall                  precision
en                subscription           10       10       10  1.000 [0.722, 1.000]   1.000 [0.722, 1.000]
""")

    def test_score_needs_its_columns(self):
        self.assert_says(self.classify("--score", stdin="subject\nx\n"), 65, "",
                         'csp-milterctl: -: --score needs a header row with "subject" and "category"\n')
        self.assert_says(self.classify("--score", stdin="category\tsubject\nbogus\tx\n"), 65, "",
                         "csp-milterctl: line 2: its category is none of the configuration's\n")

    def test_hostile_subjects_come_out_safe_and_in_order(self):
        subjects = [b"invoice \x1b[2J\x1b]0;x\x07", "invoice \u2028\u202e".encode(), b"invoice \xff\xfe", b"invoice %n%s%n",
                    b"invoice \x00 zero", b"invoice " + b"x" * 61440]
        data = b"\n".join(subjects)
        out = self.classify(stdin=data).out
        self.assertEqual([c for c in out if c != "\n" and not c.isprintable()], [])
        self.assertEqual([row[41:] for row in out.splitlines()],
                         [r"invoice \x1b[2J\x1b]0;x\x07", r"invoice \xe2\x80\xa8\xe2\x80\xae", r"invoice \xff\xfe",
                          "invoice %n%s%n", r"invoice \x00 zero", "invoice " + "x" * 61440])
        tsv = self.classify("--tsv", stdin=data).out
        self.assertEqual([row.split("\t")[:2] for row in tsv.splitlines()], [[str(n), "subscription"] for n in range(1, 7)])
        found = [json.loads(row) for row in self.classify("--json", stdin=data).out.splitlines()]
        self.assertEqual([one["category"] for one in found], 6 * ["subscription"])
        self.assertIn("undecodable", found[2]["marks"])

    def test_a_line_over_a_megabyte_is_named_and_the_rest_is_done(self):
        data = b"invoice\n" + b"x" * (1 << 20) + b"y\ninvoice\n"
        result = self.classify("--tsv", stdin=data)
        self.assert_says(result, 65, "1\tsubscription\t\ten/invoice: invoice\n3\tsubscription\t\ten/invoice: invoice\n",
                         "csp-milterctl: line 2 is longer than 1048576 octets\n")

    def test_many_lines_take_little_memory(self):
        lines = b"Your invoice for cloud mail\n" * 50000
        result = self.classify("--tsv", stdin=lines)
        self.assertEqual(result.out.count("subscription"), 50000)

    def test_files_are_read_like_standard_input(self):
        path = self.write("subjects", "invoice\n")
        for word in (path, "-"):
            self.assertEqual(self.classify("--tsv", word, stdin=b"invoice\n").out, "1\tsubscription\t\ten/invoice: invoice\n")
        self.assert_says(self.classify(self.write("empty", "")), 0, "", "")
        self.assert_says(self.classify("--tsv", "/nonexistent"), 66, "", "csp-milterctl: /nonexistent: No such file or directory\n")
        self.assert_says(self.classify(self.folder), 66, "", f"csp-milterctl: {self.folder}: Is a directory\n")

    def test_wrong_calls_are_refused(self):
        for words, message in (
                (("--tsv", "--json"), "only one of --tsv, --json and --score"),
                (("--bogus",), "'--bogus' is no option, or lacks its value"),
                (("a", "b"), "one file at a time")):
            self.assert_usage(self.run_verb("classify", *words), "classify", message)
        self.assertEqual(self.run_verb("classify", "-c", self.path("missing")).status, 66)

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([verbs.PROGRAM, "classify", "-c", self.conf], input=b"invoice\n", stdout=full,
                                  stderr=subprocess.PIPE, env=self.environment(), timeout=60)
        self.assertEqual(done.returncode, 74, done.stderr)


if __name__ == "__main__":
    verbs.main()
