import json
import os
import pty
import stat
import subprocess

import verbs
from directories import CUSTOMER, CUSTOMER_LINE, EXCLUSION_LINE, LINES, PARTNER, PARTNER_LINE, DirectoryTest, lines

CSV = "Microsoft ID,Company name,Primary domain name,Relationship\r\n"
SECOND = {"type": "customer", "id": CUSTOMER, "name": "Kornblum Backhaus", "cloud": "china",
          "domains": ["second.example", {"name": "kornblum.example", "subdomains": True}],
          "partners": [{"partner": "someone", "role": "indirect-provider", "from": "2026-02-03T04:05:06Z"},
                       {"partner": PARTNER, "role": "indirect-reseller", "until": "2030-01-01T00:00:00Z"}]}
GOV = {"type": "customer", "id": "dddddddd-0000-0000-0000-000000000001", "name": "\u5317\u4eac \u202e\"quoted\" \\ & b\u00fccher",
       "cloud": "us-gov", "domains": ["xn--bcher-kva.example"], "addresses": ['"a b"@gov.example'], "partners": []}
KEYS = [CUSTOMER, PARTNER, GOV["id"], "short", "plain", "ended", "ceo@mail.example", "x@kornblum.example", "x@y.kornblum.example",
        "x@a.big.example", "x@lab.big.example", "x@other.example", "4847383", "bounce.example", "x@m.x.example", "second.example",
        "\"a b\"@gov.example", "x@b\u00fccher.example", "x@ended.example", "x@short.example", "nobody.example"]


class ExportTest(DirectoryTest):
    def fill_fully(self):
        """Every field there is, from several sources, in an order that is not the export's."""
        self.import_(lines(GOV, {"type": "partner", "id": "plain"}, SECOND, {"type": "exclusion", "domain": "other.example"}),
                     source="zz")
        self.import_(lines(*LINES, {"type": "customer", "id": "short", "domains": ["short.example"]}), source="erp")
        self.import_(lines({**EXCLUSION_LINE, "domain": "lab.big.example"}), source="aa")
        self.import_(CSV + "ended,Ended,ended.example,None\r\nshort,Short,short.example,Cloud Reseller\r\n", "--partner", PARTNER,
                     "--role", "direct-bill", source="portal", name="Customers.csv")

    def answers(self):
        """What the directory says, without what belongs to the one folder: the order in which sources were first heard."""
        answers = []
        for key in KEYS:
            answer = self.answer(key)
            del answer["state"]
            for party in (*answer["customers"], *answer["partners"]):
                party["sources"].sort(key=lambda source: source["source"])
            answer["sources"].sort()
            answers.append(answer)
        return answers

    def import_into(self, name, *words, stdin=b""):
        self.directory = self.path(name)
        result = self.run_directory("import", "--replace-all", *words, stdin=stdin)
        self.assertEqual((result.status, result.err), (0, ""))
        return result

    def test_an_export_is_sorted_and_names_the_source_first(self):
        self.fill()
        self.import_(lines(SECOND, {"type": "customer", "id": "aaa"}), source="a")
        exported = self.export().splitlines()
        self.assertEqual([json.loads(line) for line in exported],
                         [{"source": "a", **SECOND}, {"source": "erp", **CUSTOMER_LINE},
                          {"source": "a", "type": "customer", "id": "aaa", "partners": []},
                          {"source": "erp", **PARTNER_LINE}, {"source": "erp", **EXCLUSION_LINE}])
        self.assertTrue(all(line.startswith('{"source":"') for line in exported))

    def test_an_export_imported_is_the_same_directory(self):
        self.fill_fully()
        exported, answers = self.export(), self.answers()
        self.assertEqual(len(exported.splitlines()), 11)
        self.import_into("second", "-", stdin=exported.encode())
        self.assertEqual(self.export(), exported)
        self.assertEqual(self.answers(), answers)
        self.assertEqual(self.run_directory("verify").status, 0)

    def test_a_packed_directory_imported_is_the_same_directory(self):
        self.fill_fully()
        exported, answers = self.export(), self.answers()
        packed = self.path("directory.packed")
        self.export("--packed", packed)
        result = self.import_into("second", packed)
        self.assertEqual(result.out, "4 customers, 2 partners, 3 exclusions\n")
        self.assertEqual((self.export(), self.answers()), (exported, answers))
        self.assertEqual(self.run_directory("verify").status, 0)
        summary = json.loads(self.import_into("second", "--json", packed).out)
        self.assertEqual((summary["packed"], summary["mode"], summary["customers"], summary["source"]),
                         (True, "replace-all", 4, None))
        self.assertEqual(self.stats()["state"], 2)

    def test_a_packed_directory_is_imported_alone_and_replaces_all(self):
        self.fill()
        packed, other = self.path("p"), self.write("o.jsonl", lines(*LINES))
        self.export("--packed", packed)
        said = (f"csp-milterctl: {packed}: a packed directory holds all sources, replaces everything, and is imported alone: give "
                "--replace-all, no --source and no other FILE\nTry 'csp-milterctl directory import --help'.\n"
                "csp-milterctl: nothing was changed\n")
        for words in [(packed,), ("--source", "s", packed), ("--source", "s", "--replace", packed),
                      ("--source", "s", "--replace-all", packed), ("--replace-all", packed, other),
                      ("--source", "s", other, packed)]:
            with self.subTest(words):
                self.assert_says(self.run_directory("import", *words), 64, "", said)
        self.assertEqual(self.stats()["state"], 1)

    def test_a_packed_directory_that_is_damaged_changes_nothing(self):
        self.fill()
        packed = self.path("p")
        self.export("--packed", packed)
        with open(packed, "rb") as stream:
            whole = stream.read()
        middle = whole.index(b"Kornblum")
        for name, content in [("short", whole[:-1]), ("shorter", whole[:60]), ("long", whole + b"x"),
                              ("changed", whole[:middle] + b"X" + whole[middle + 1:]), ("head", whole[:5] + b"X" + whole[6:])]:
            with self.subTest(name):
                path = self.write(name, content)
                result = self.run_directory("import", "--replace-all", path)
                self.assert_says(result, 65, "", f"csp-milterctl: {path}: a packed directory of another version, or it is damaged "
                                 "or ends early\ncsp-milterctl: nothing was changed\n")
        self.assertEqual(self.stats()["state"], 1)
        self.assert_says(self.run_directory("import", "--replace-all", "--dry-run", packed), 0,
                         "1 customer, 1 partner, 1 exclusion\ndry run: nothing was changed\n", "")
        self.assertEqual(self.stats()["state"], 1)

    def test_a_csv_that_begins_like_a_word_is_not_taken_for_packed(self):
        result = self.import_("customer,product\nc,mail\n", name="products.csv")
        self.assertEqual(result.status, 0, result.err)

    def test_packed_goes_to_no_terminal(self):
        self.fill()
        master, slave = pty.openpty()
        done = subprocess.run(self.call("export", "--packed"), stdout=slave, stderr=subprocess.PIPE, env=self.environment(),
                              timeout=60, check=False)
        os.close(slave)
        os.close(master)
        self.assertEqual(done.returncode, 64)
        self.assertIn(b"a packed directory is nothing to read on a terminal", done.stderr)

    def test_a_file_is_replaced_when_all_is_written(self):
        self.fill()
        out = self.write("out.jsonl", "old\n" * 100)
        os.chmod(out, 0o600)
        for name in (out, self.path("new.jsonl")):
            with self.subTest(name):
                self.assertEqual(self.export(name), "")
                with open(name, encoding="utf-8") as stream:
                    self.assertEqual(stream.read(), self.export())
                self.assertEqual(stat.S_IMODE(os.stat(name).st_mode), 0o640)
        self.assertEqual(sorted(name for name in os.listdir(self.folder) if name.startswith(("out", "new"))),
                         ["new.jsonl", "out.jsonl"])
        self.assertEqual(self.export("-"), self.export())

    def test_a_link_is_not_followed(self):
        self.fill()
        out = self.write("out.jsonl", "old\n")
        for target in (out, self.path("nothing.jsonl")):
            with self.subTest(target):
                link = self.path("link")
                os.symlink(target, link)
                self.assert_says(self.run_directory("export", link), 73, "",
                                 f"csp-milterctl: {link}: is a symbolic link: name the file itself\n")
                self.assertEqual(os.readlink(link), target)
                os.unlink(link)
        with open(out, encoding="utf-8") as stream:
            self.assertEqual(stream.read(), "old\n")
        self.assertFalse(os.path.lexists(self.path("nothing.jsonl")))

    def test_a_file_that_cannot_be_written_stays(self):
        self.fill()
        result = self.run_directory("export", self.path("no/out"))
        self.assert_says(result, 73, "", f"csp-milterctl: {self.path('no/out')}: No such file or directory\n")
        out = self.write("out.jsonl", "old\n")
        data = os.path.join(self.directory, "data.mdb")
        with open(data, "r+b") as stream:
            content = stream.read()
            stream.seek(content.index(b"Kornblum"))
            stream.write(b"X")
        for words in [(), ("--packed",)]:
            self.assert_says(self.run_directory("export", *words, out), 74, "",
                             f"csp-milterctl: {self.directory}: damaged, or a fault of the system\n")
        with open(out, encoding="utf-8") as stream:
            self.assertEqual(stream.read(), "old\n")
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("out")], ["out.jsonl"])

    def test_what_is_no_file_is_written_to(self):
        self.fill()
        self.assertEqual(self.export("/dev/stdout"), self.export())
        result = self.run_directory("export", "/dev/full")
        self.assert_says(result, 74, "", "csp-milterctl: /dev/full: the result could not be written: No space left on device\n")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))


class DeleteTest(DirectoryTest):
    def delete(self, *words):
        return self.run_directory("delete", *words)

    def test_what_is_deleted_is_printed_and_put_takes_it_back(self):
        self.fill()
        before = self.export()
        for key, entry in [(CUSTOMER.upper(), CUSTOMER_LINE), (PARTNER, PARTNER_LINE), ("4847383", PARTNER_LINE),
                           ("LAB.big.example.", EXCLUSION_LINE)]:
            with self.subTest(key):
                result = self.delete(key)
                self.assertEqual((result.status, result.err), (0, ""))
                self.assertEqual(json.loads(result.out), {"source": "erp", **entry})
                self.assertNotEqual(self.export(), before)
                self.assertEqual(self.run_directory("put", stdin=result.out).status, 0)
                self.assertEqual(self.export(), before)
        self.assertEqual(self.run_directory("verify").status, 0)

    def test_without_a_source_what_every_one_says_goes(self):
        self.fill()
        self.import_(lines(SECOND, EXCLUSION_LINE), source="two")
        result = self.delete("--source", "two", CUSTOMER)
        self.assertEqual(json.loads(result.out), {"source": "two", **SECOND})
        self.assertEqual([s["source"] for s in self.answer(CUSTOMER)["customers"][0]["sources"]], ["erp"])
        self.assertEqual(len(self.delete("lab.big.example").out.splitlines()), 2)
        self.assertEqual(self.answer("x@lab.big.example")["answer"], "customer")
        self.assertEqual(self.delete(CUSTOMER).status, 0)
        self.assertEqual(self.answer("x@big.example")["answer"], "unknown")

    def test_nothing_there_is_status_1(self):
        self.fill()
        before = self.export()
        for words in [("nobody",), ("kornblum.example",), ("--source", "other", CUSTOMER), ("--source", "other", "lab.big.example"),
                      ("--type", "partner", CUSTOMER), ("--type", "customer", "lab.big.example"), ("no such key",)]:
            with self.subTest(words):
                self.assert_says(self.delete(*words), 1, "", f"csp-milterctl: '{words[-1]}' is nobody's id and no excluded domain, "
                                 "or not of this source\n")
        self.assertEqual(self.export(), before)
        self.assertEqual(self.stats()["state"], 1)

    def test_a_key_of_two_things_is_asked_about(self):
        self.import_(lines({"type": "customer", "id": "x.example"}, {"type": "partner", "id": "x.example"},
                           {"type": "exclusion", "domain": "x.example"}))
        self.assert_usage(self.delete("x.example"), "directory delete",
                          "'x.example' is more than one thing: say which with --type customer, partner or exclusion")
        for kind in ("customer", "exclusion"):
            self.assertEqual(json.loads(self.delete("--type", kind, "x.example").out)["type"], kind)
        self.assertEqual(json.loads(self.delete("x.example").out)["type"], "partner")
        self.assertEqual(self.delete("x.example").status, 1)


if __name__ == "__main__":
    verbs.main()
