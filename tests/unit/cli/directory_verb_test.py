import json
import os
import re
import stat
import subprocess

import verbs
from directories import CUSTOMER, CUSTOMER_LINE, LINES, PARTNER, PARTNER_LINE, DirectoryTest, lines

CUSTOMER_TEXT = f"""customer {CUSTOMER} Kornblum
  source erp
    cloud: commercial
    domain: kornblum.example
    domain and sub-domains: big.example
    address: ceo@mail.example
    partner: 4847383, direct-bill, for microsoft-365 azure, from 2026-01-01T00:00:00Z, until 2027-01-01T00:00:00Z
    direct product: windows-server
"""
PARTNER_TEXT = f"""partner {PARTNER} Lindenhof
  source erp
    alias: 4847383
    domain: lindenhof.example
    domain and sub-domains: x.example
    bounce domain: bounce.example
    login: fab
    network: 192.0.2.0/24
    listener: tls
    certificate subject: /CN=fab
    DKIM domain: lindenhof.example
    contact: csp@lindenhof.example
"""
PARTS = ["import", "get", "put", "delete", "export", "stats", "verify"]
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class GetTest(DirectoryTest):
    def test_the_first_line_says_whose_it_is_and_why(self):
        self.fill()
        for key, headline, party in [
                ("CEO+news@Mail.Example", "ceo@mail.example: a customer's, by this very address (source erp)", CUSTOMER_TEXT),
                ("x@a.b.big.example", "x@a.b.big.example: a customer's, by big.example, which counts its sub-domains "
                                      "(source erp)", CUSTOMER_TEXT),
                ("kornblum.example.", "kornblum.example: a customer's, by its domain kornblum.example (source erp)",
                 CUSTOMER_TEXT),
                (CUSTOMER.upper(), f"{CUSTOMER}: a customer, by its id", CUSTOMER_TEXT),
                ("a@lindenhof.example", "a@lindenhof.example: a partner's own domain, never a customer's (source erp)",
                 PARTNER_TEXT),
                ("a@mail.x.example", "a@mail.x.example: a partner's own domain, never a customer's (source erp)", PARTNER_TEXT),
                ("bounce.example", "bounce.example: a partner's own domain, never a customer's (source erp)", PARTNER_TEXT),
                ("4847383", "4847383: a partner, by an alias", PARTNER_TEXT),
                (PARTNER, f"{PARTNER}: a partner, by its id", PARTNER_TEXT)]:
            with self.subTest(key):
                self.assert_says(self.run_directory("get", key), 0, f"{headline}\n{party}", "")

    def test_what_is_nobodys_is_status_1_and_says_why(self):
        self.fill()
        for key, said in [
                ("x@lab.big.example", "x@lab.big.example: nobody's: lab.big.example is excluded (source erp)\n"),
                ("x@y.lab.big.example", "x@y.lab.big.example: nobody's: lab.big.example is excluded (source erp)\n"),
                ("x@a.kornblum.example", "x@a.kornblum.example: not in the directory: kornblum.example is, but does not count "
                                         "its sub-domains\n"),
                ("x@public.example", "x@public.example: not in the directory: a public mail domain, where only exact addresses "
                                     "can be a customer's\n"),
                ("x@stranger.cloud.example", "x@stranger.cloud.example: not in the directory: a name that a cloud gives to one "
                                             "tenant, which is none of the customers here\n"),
                ("nobody.example", "nobody.example: not in the directory\n"),
                ("12345", "12345: not in the directory\n"),
                ("no such key", "no such key: not in the directory\n"),
                ("\x1b[2J@x", "\\x1b[2J@x: not in the directory\n"),
                ("", ": not in the directory\n")]:
            with self.subTest(key):
                self.assert_says(self.run_directory("get", key), 1, said, "")

    def test_sources_that_say_so_are_told_apart_from_those_that_say_something_else(self):
        self.fill()
        self.import_(lines({"type": "customer", "id": CUSTOMER, "domains": ["kornblum.example", "second.example"]}), source="two")
        for key, sources in [("x@kornblum.example", ["erp", "two"]), ("x@second.example", ["two"]), ("x@big.example", ["erp"]),
                             ("lab.big.example", ["erp"]), (CUSTOMER, [])]:
            with self.subTest(key):
                self.assertEqual(self.answer(key)["sources"], sources)
        self.assertIn("(source erp, two)\n", self.run_directory("get", "kornblum.example").out)

    def test_json_says_the_same_in_one_word_each(self):
        self.fill()
        for key, answer, why, under in [
                ("ceo@mail.example", "customer", "address", "ceo@mail.example"),
                ("x@kornblum.example", "customer", "domain", "kornblum.example"),
                ("x@a.big.example", "customer", "subdomain", "big.example"),
                ("lindenhof.example", "partner", "partner-domain", "lindenhof.example"),
                (CUSTOMER, "customer", "id", None), (PARTNER, "partner", "id", None), ("4847383", "partner", "alias", None),
                ("lab.big.example", "excluded", "exclusion", "lab.big.example"),
                ("x@a.kornblum.example", "unknown", "parent-domain", "kornblum.example"),
                ("x@public.example", "unknown", "public-domain", None),
                ("x.cloud.example", "unknown", "tenant-domain", None), ("nobody.example", "unknown", None, None)]:
            with self.subTest(key):
                result = self.answer(key)
                self.assertEqual((result["answer"], result["why"], result["found_under"]), (answer, why, under))

    def test_json_holds_entries_that_can_be_imported_again(self):
        self.fill()
        answer = self.answer("x@sub.big.example")
        self.assertEqual(answer, {
            "schema": "csp-milter/directory-get/2", "key": "x@sub.big.example", "canonical": "x@sub.big.example",
            "answer": "customer", "why": "subdomain", "found_under": "big.example", "sources": ["erp"], "state": 1,
            "partners": [],
            "customers": [{"id": CUSTOMER, "name": "Kornblum", "sources": [{"source": "erp", "entry": CUSTOMER_LINE}]}]})
        partner = self.answer(PARTNER)["partners"][0]["sources"][0]["entry"]
        self.assertEqual(partner, PARTNER_LINE)
        self.assertEqual(self.import_(lines(partner, answer["customers"][0]["sources"][0]["entry"])).status, 0)
        self.assertEqual(self.answer(PARTNER)["partners"][0]["sources"][0]["entry"], PARTNER_LINE)

    def test_a_partners_domain_is_no_customers_though_one_names_it(self):
        self.fill()
        self.import_(lines({"type": "customer", "id": "c", "domains": ["lindenhof.example"], "addresses": ["boss@lindenhof.example"]}),
                     source="two")
        for key, answer, why in [("x@lindenhof.example", "partner", "partner-domain"),
                                 ("boss@lindenhof.example", "customer", "address")]:
            with self.subTest(key):
                result = self.answer(key)
                self.assertEqual((result["answer"], result["why"]), (answer, why))

    def test_one_id_can_be_a_customers_and_a_partners(self):
        self.import_(lines({"type": "customer", "id": "both", "domains": ["c.example"]}, {"type": "partner", "id": "both"}))
        answer = self.answer("both")
        self.assertEqual((answer["answer"], len(answer["customers"]), len(answer["partners"])), ("customer", 1, 1))


class StatsTest(DirectoryTest):
    def test_the_table_counts_by_source_and_says_how_old_it_is(self):
        self.fill()
        other = {"type": "customer", "id": CUSTOMER, "domains": ["second.example"]}
        self.assertEqual(self.import_(lines(other), source="portal").status, 0)
        result = self.run_directory("stats")
        self.assertEqual((result.status, result.err), (0, ""))
        ago = r"\d+ seconds? ago \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000\)"
        self.assertRegex(result.out, f"""\\Adirectory   {re.escape(self.directory)}
state       2
updated     {ago}
size        \\d+ KiB
customers   1
partners    1
domains     7
addresses   1
exclusions  1

SOURCE CUSTOMERS PARTNERS EXCLUSIONS UPDATED
erp            1        1          1 {ago}
portal         1        0          0 {ago}
\\Z""")

    def test_json_has_the_same_figures(self):
        self.fill()
        stats = self.stats()
        for part in (stats, *stats["sources"]):
            self.assertTrue(re.fullmatch(TIME, part.pop("updated")))
            self.assertIn(part.pop("age"), range(60))
        self.assertEqual(stats.pop("size"), os.stat(os.path.join(self.directory, "data.mdb")).st_size)
        self.assertEqual(stats, {
            "schema": "csp-milter/directory-stats/2", "path": self.directory, "state": 1, "customers": 1, "partners": 1,
            "domains": 6, "addresses": 1, "exclusions": 1,
            "sources": [{"source": "erp", "customers": 1, "partners": 1, "exclusions": 1}]})


class CallTest(DirectoryTest):
    def test_wrong_calls(self):
        import_, one = ("directory", "import"), self.write("one.jsonl", lines(PARTNER_LINE))
        roles = "direct-bill, indirect-provider or indirect-reseller"
        formats = "jsonl, partner-center-json, customers-csv, subscriptions-csv or products-csv"
        for words, verb, said in [
                (("directory",), "directory", "what with it: import, get, put, delete, export, stats or verify?"),
                (("directory", "set"), "directory", "'set' is not one of import, get, put, delete, export, stats and verify"),
                ((*import_, "--source", "s"), "directory import", "which FILE? '-' is standard input"),
                ((*import_, "--source"), "directory import", "'--source' is no option, or lacks its value"),
                ((*import_, "--source", "a b", one), "directory import",
                 "a source's name is 1 to 64 printable characters, no blanks"),
                ((*import_, "--source", "", one), "directory import",
                 "a source's name is 1 to 64 printable characters, no blanks"),
                ((*import_, "--replace", one), "directory import", "--replace needs --source: whose facts are replaced?"),
                ((*import_, "--source", "s", "--replace", "--replace-all", one), "directory import",
                 "either --replace or --replace-all"),
                ((*import_, "--source", "s", "--partner", "p", one), "directory import", "--partner and --role go together"),
                ((*import_, "--source", "s", "--role", "direct-bill", one), "directory import",
                 "--partner and --role go together"),
                ((*import_, "--source", "s", "--partner", "p", "--role", "boss", one), "directory import",
                 f"'boss' is no role: {roles}"),
                ((*import_, "--source", "s", "--partner", "p q", "--role", "direct-bill", one), "directory import",
                 "'p q' is no partner's id"),
                ((*import_, "--source", "s", "--customer", "", one), "directory import", "'' is no customer's id"),
                ((*import_, "--source", "s", "--cloud", "blue", one), "directory import",
                 "'blue' is no cloud: commercial, us-gov or china"),
                ((*import_, "--source", "s", "--format", "xml", one), "directory import", f"'xml' is no format: {formats}"),
                (("directory", "get"), "directory get", "which KEY? An address, a domain or a party's id"),
                (("directory", "get", "a", "b"), "directory get", "'b' is one argument too many"),
                (("directory", "get", "--all"), "directory get", "'--all' is no option, or lacks its value"),
                (("directory", "put", "a", "b"), "directory put", "'b' is one argument too many"),
                (("directory", "put", "--source", "a b", "a"), "directory put",
                 "a source's name is 1 to 64 printable characters, no blanks"),
                (("directory", "delete"), "directory delete", "which KEY? A party's id or an excluded domain"),
                (("directory", "delete", "--type", "all", "a"), "directory delete",
                 "'all' is none of customer, partner and exclusion"),
                (("directory", "export", "a", "b"), "directory export", "'b' is one argument too many"),
                (("directory", "stats", "x"), "directory stats", "'x' is one argument too many"),
                (("directory", "stats", "-x"), "directory stats", "'-x' is no option, or lacks its value"),
                (("directory", "verify", "x"), "directory verify", "'x' is one argument too many")]:
            with self.subTest(words):
                self.assert_usage(self.run_verb(*words), verb, said)

    def test_a_directory_that_is_not_there_is_explained_by_all_that_read(self):
        for words in [("stats",), ("get", "a@b.example"), ("export",), ("verify",)]:
            with self.subTest(words):
                self.assert_says(self.run_directory(*words), 66, "",
                                 f"csp-milterctl: {self.directory}: no customer directory there yet\n")
                self.assertFalse(os.path.exists(self.directory))

    def test_a_directory_of_another_version_is_left_alone(self):
        self.write("directory/data.mdb", "no LMDB" * 4096)
        said = f"csp-milterctl: {self.directory}: not a customer directory of this version\n"
        for words in [("stats",), ("export",), ("verify",)]:
            self.assert_says(self.run_directory(*words), 65, "", said)
        self.assert_says(self.import_(lines(*LINES)), 65, "", said + "csp-milterctl: nothing was changed\n")
        self.assert_says(self.run_directory("delete", "a"), 65, "", said)

    def test_a_folder_without_a_parent_cannot_be_made(self):
        self.directory = self.path("no/such/folder")
        said = f"csp-milterctl: {self.directory}: its parent folder does not exist\n"
        self.assert_says(self.import_(lines(*LINES)), 73, "", said + "csp-milterctl: nothing was changed\n")

    def test_a_truncated_directory_is_damage_and_no_crash(self):
        self.fill()
        data = os.path.join(self.directory, "data.mdb")
        os.truncate(data, os.stat(data).st_size - 4096)
        said = f"csp-milterctl: {self.directory}: damaged, or a fault of the system\n"
        self.assert_says(self.run_directory("get", "a@b.example"), 74, "", said)
        self.assertEqual(self.run_directory("export").status, 74)
        self.assertEqual(self.import_(lines(*LINES)).status, 74)

    def test_the_files_are_for_the_group_alone(self):
        self.fill()
        modes = {name: stat.S_IMODE(os.stat(os.path.join(self.directory, name)).st_mode) for name in os.listdir(self.directory)}
        self.assertEqual(modes, {"data.mdb": 0o640, "lock.mdb": 0o660, "writer.lock": 0o660})

    def test_another_user_is_told_what_is_needed(self):
        self.needs_root()
        self.fill()
        os.chmod(self.folder, 0o755)
        os.chmod(self.conf, 0o644)
        os.chmod(self.path("pack.conf"), 0o644)
        for words in [("get", "x@kornblum.example"), ("stats",), ("export",), ("verify",), ("delete", CUSTOMER),
                      ("put", "--source", "s")]:
            with self.subTest(words):
                done = subprocess.run(self.call(*words), input=lines(CUSTOMER_LINE).encode(), capture_output=True, user=65534,
                                      group=65534, extra_groups=[], env=self.environment(), timeout=60, check=False)
                self.assertEqual((done.returncode, done.stdout), (77, b""), done.stderr)
                self.assertIn(f"{self.directory}: permission denied: ".encode(), done.stderr)
        self.assertEqual(self.stats()["state"], 1)

    def test_the_configuration_names_the_directory_and_the_separators(self):
        conf = self.write("other.conf", 'directory = { path = "%s"; address_separators = "-"; };\n'
                          'classification = { packs = [ ]; };\nrules = ( { name = "all"; disposition = "pass"; } );\n'
                          % self.directory)
        entry = {"type": "customer", "id": "c", "addresses": ["ann-list+x@c.example"]}
        path = self.write("in.jsonl", lines(entry))
        self.assertEqual(self.run_verb("directory", "import", "-c", conf, "--source", "s", path).status, 0)
        result = self.run_verb("directory", "get", "-c", conf, "--json", "ANN-other@c.example")
        self.assertEqual(json.loads(result.out)["found_under"], "ann@c.example")
        self.assertEqual(self.run_verb("directory", "get", "-c", conf, "ann+x@c.example").status, 1)
        for part in PARTS:
            with self.subTest(part):
                words = ["x"] if part in ("get", "delete", "import") else []
                self.assertEqual(self.run_verb("directory", part, "-c", self.path("no.conf"), *words).status, 66)

    def test_with_a_path_alone_the_configuration_may_be_missing(self):
        path = self.write("in.jsonl", lines(*LINES))
        result = self.run_verb("directory", "import", "--path", self.directory, "--source", "s", path)
        self.assertEqual(result.status, 0)
        # Where this machine has a configuration of its own, that is read.
        if result.err:
            self.assertRegex(result.err, r"\Acsp-milterctl: warning: /\S*csp-milter\.conf cannot be used, [^\n]* not known\n\Z")
        self.assert_says(self.run_verb("directory", "get", "--path", self.directory, "x+y@kornblum.example"), 0,
                         "x@kornblum.example: a customer's, by its domain kornblum.example (source s)\n"
                         + CUSTOMER_TEXT.replace("erp", "s"), "")

    def test_a_result_that_cannot_be_written_is_an_error(self):
        self.fill()
        for words in [("get", CUSTOMER), ("stats",), ("export",), ("export", "--packed"), ("verify",), ("delete", CUSTOMER)]:
            with self.subTest(words), open("/dev/full", "wb") as full:
                done = subprocess.run(self.call(*words), stdout=full, stderr=subprocess.PIPE, env=self.environment(), timeout=60,
                                      check=False)
                self.assertEqual(done.returncode, 74)
                self.assertIn(b"the result could not be written", done.stderr)
        self.assertEqual(self.run_directory("get", CUSTOMER).status, 0, "deleted though nobody was told what")

    def test_every_part_has_help_that_fits_a_terminal(self):
        for words in [(), *((part,) for part in PARTS)]:
            with self.subTest(words):
                result = self.run_verb("directory", *words, "--help")
                self.assertEqual((result.status, result.err), (0, ""))
                self.assertTrue(result.out.startswith("Usage: csp-milterctl directory "))
                # The one path is as long as the prefix that the programs were built for.
                self.assertEqual([line for line in result.out.splitlines()
                                  if len(line) > 80 and not line.endswith("csp-milter.conf)")], [])


class FrameTest(verbs.VerbTest):
    VERBS = ["check", "explain", "classify", "directory", "review", "replay", "status", "reload"]

    def test_help_lists_every_verb_with_its_summary(self):
        result = self.run_verb("--help")
        self.assertEqual((result.status, result.err), (0, ""))
        self.assertEqual(re.findall(r"^  ([a-z]+) +\S", result.out, re.M), self.VERBS)
        for word in ("-h", "help"):
            self.assert_says(self.run_verb(word), 0, result.out, "")

    def test_every_verb_has_help(self):
        for verb in self.VERBS:
            with self.subTest(verb):
                result = self.run_verb(verb, "--help")
                self.assertEqual((result.status, result.err), (0, ""))
                self.assertTrue(result.out.startswith(f"Usage: csp-milterctl {verb} "), result.out)

    def test_every_help_fits_a_terminal_of_eighty_columns(self):
        for words in [(), *((verb,) for verb in self.VERBS)]:
            lines = self.run_verb(*words, "--help").out.splitlines()
            # The one path is as long as the prefix that the programs were built for.
            self.assertEqual([line for line in lines if len(line) > 80 and not line.endswith("csp-milter.conf)")], [], words)

    def test_version(self):
        for word in ("--version", "-V"):
            result = self.run_verb(word)
            self.assertEqual((result.status, result.err), (0, ""))
            self.assertRegex(result.out, r"\Acsp-milterctl \d+\.\d+\.\d+\n\Z")

    def test_an_unknown_verb_is_answered_with_those_there_are(self):
        for word, kind in [("chekc", "verb"), ("", "verb"), ("--path", "option here"), ("\x1b[2J", "verb")]:
            with self.subTest(word):
                result = self.run_verb(word)
                self.assertEqual((result.status, result.out), (64, ""))
                said = result.err.splitlines()
                shown = word.replace("\x1b", "?")
                self.assertEqual(said[0], f"csp-milterctl: '{shown}' is no {kind}. There are:")
                self.assertEqual([line.split()[0] for line in said[1:-1]], self.VERBS)
                self.assertEqual(said[-1], "Try 'csp-milterctl --help'.")

    def test_no_verb_is_a_wrong_call(self):
        self.assert_says(self.run_verb(), 64, "", "csp-milterctl: which verb?\nTry 'csp-milterctl --help'.\n")

    def test_no_output_is_coloured(self):
        for words in [("--help",), ("directory", "--help")]:
            self.assertNotIn("\x1b", self.on_terminal(*words))


if __name__ == "__main__":
    verbs.main()
