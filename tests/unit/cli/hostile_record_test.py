"""Hostile subjects from the message to the record, and from the record to the terminal, the spreadsheet and the page."""

import base64
import csv
import io
import json
import re
import unicodedata

import verbs

CORPUS = [text.encode() if isinstance(text, str) else text for text in (
    "plain", "\x1b[2J\x1b[31mred\x1b]0;title\x07", "\x00\x01\x08\x0b\x7f\x9b31m", "line\u2028separator\u2029paragraph\x85next", "\u202eevil\u2066x\u2069",
    '"}\n{"schema":"csp-milter/decision/1"', "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</style></script><!--", "=cmd|' /C calc'!A0",
    "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "=HYPERLINK(\"http://x.example\",\"y\")", "a\tb,c;d\"e'f\\g", "%s%n%x ${rule} $(id) `id`", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "x" * 61440, "é" * 30000, b"caf\xe9 \xff\xfe \xc0\x80", b"\xf0\x9f\x98", b"\xed\xa0\x80 lone", b"\xff" * 4000)]


class HostileRecordTest(verbs.VerbTest):
    def setUp(self):
        super().setUp()
        self.conf = self.write("csp-milter.conf", f"""
mode = "enforce";
directory = {{ path = "{self.path("none")}"; }};
failure = {{ directory = "tempfail"; }};
classification = {{ packs = [ ]; }};
rules = ( {{ name = "r"; disposition = "pass"; }} );
""")

    def record(self, field):
        """The line of the record of a message with this Subject, as octets."""
        done = self.run_verb("explain", "--json", "-c", self.conf, "--from", "a@b.example", "--rcpt", "c@d.example", "-",
                             stdin=b"From: a@b.example\nSubject: " + field + b"\n\n")
        self.assertEqual(done.status, 0, done.err)
        return done.out

    def encoded(self, octets):
        """As one encoded word: what it holds reaches readers whole."""
        return b"=?utf-8?b?" + base64.b64encode(octets) + b"?="

    def test_from_the_message_to_what_people_see(self):
        lines = []
        for number, octets in enumerate(CORPUS):
            for field in (self.encoded(octets), octets.replace(b"\n", b"").replace(b"\0", b"")):
                with self.subTest(octets[:40]):
                    text = self.record(field)
                    self.assertEqual((text.count("\n"), text.endswith("\n")), (1, True))
                    self.assertFalse([c for c in text[:-1] if unicodedata.category(c) in ("Cc", "Zl", "Zp") or c in "\u202e\u2066\u2069"])
                    record = json.loads(text)
                    (_, _), (_, raw) = record["inputs"]["fields"]
                    got = raw.encode() if isinstance(raw, str) else bytes.fromhex(raw["hex"])
                    self.assertEqual(got, b" " + field)
                    record["decision"] = "01kbq0000000000000000%05d" % len(lines)
                    lines.append((number, json.dumps(record, ensure_ascii=False)))
            if octets.decode("utf-8", "replace").encode() == octets and b"\n" not in octets:
                self.assertEqual(json.loads(lines[-2][1])["subject"].strip(), octets.decode().strip(), octets[:40])
        self.assertEqual(len(lines), 2 * len(CORPUS))
        path = self.write("journal", "".join(text.replace("\u2028", "\\u2028") + "\n" for _, text in lines))
        with self.subTest("terminal"):
            for words in (["review", "--all", "--limit", "0", "--journal", path], ["review", "show", "01kbq000000000000000000003", "--journal", path]):
                shown = self.on_terminal(*words, NO_COLOR="1")
                self.assertFalse([c for c in shown.replace("\r\n", "\n") if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")])
        with self.subTest("spreadsheet"):
            rows = list(csv.reader(io.StringIO(self.run_verb("review", "--csv", "--all", "--journal", path).out)))
            self.assertEqual(({len(row) for row in rows}, len(rows)), ({17}, len(lines) + 1))
            self.assertFalse([cell for row in rows for cell in row if cell[:1] in "=+-@\t\r" and cell])
        with self.subTest("page"):
            page = self.run_verb("review", "report", "--journal", path, "-o", "-").out
            self.assertEqual((page.count("<script"), page.count("<img"), page.count("<!--")), (1, 0, 0))
            self.assertFalse(re.search(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u202e]", page))


if __name__ == "__main__":
    verbs.main()
