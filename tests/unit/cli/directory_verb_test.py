import json
import os
import pty
import re
import stat
import subprocess

import verbs

PARTNER, CUSTOMER = "bbbbbbbb-0000-0000-0000-000000000001", "cccccccc-0000-0000-0000-000000000001"
PARTNER_LINE = {
    "type": "partner", "id": PARTNER, "name": "Fabrikam", "aliases": ["4847383"],
    "domains": ["fabrikam.example", {"name": "x.example", "subdomains": True}], "bounce_domains": ["bounce.example"],
    "proofs": {"logins": ["fab"], "networks": ["192.0.2.0/24"], "listeners": ["tls"], "cert_subjects": ["/CN=fab"]},
    "contact": "csp@fabrikam.example"}
CUSTOMER_LINE = {
    "type": "customer", "id": CUSTOMER, "name": "Contoso", "cloud": "commercial",
    "domains": ["contoso.example", {"name": "big.example", "subdomains": True}], "addresses": ["ceo@mail.example"],
    "partners": [{"partner": "4847383", "role": "direct-bill", "products": ["microsoft-365", "azure"],
                  "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}],
    "direct_products": ["windows-server"]}
LINES = [PARTNER_LINE, CUSTOMER_LINE, {"type": "exclusion", "domain": "lab.big.example"}]
CSV = "Microsoft ID,Company name,Primary domain name,Relationship\r\n"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

CUSTOMER_TEXT = f"""customer {CUSTOMER} Contoso
  source erp
    cloud: commercial
    domain: contoso.example
    domain and sub-domains: big.example
    address: ceo@mail.example
    partner: 4847383, direct-bill, for microsoft-365 azure, from 2026-01-01T00:00:00Z, until 2027-01-01T00:00:00Z
    direct product: windows-server
"""
PARTNER_TEXT = f"""partner {PARTNER} Fabrikam
  source erp
    alias: 4847383
    domain: fabrikam.example
    domain and sub-domains: x.example
    bounce domain: bounce.example
    login: fab
    network: 192.0.2.0/24
    listener: tls
    certificate subject: /CN=fab
    contact: csp@fabrikam.example
"""


def lines(*entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries)


class DirectoryTest(verbs.VerbTest):
    def setUp(self):
        super().setUp()
        self.directory = self.path("directory")

    def run_directory(self, *words, stdin=b""):
        return self.run_verb("directory", *words, "--path", self.directory, stdin=stdin)

    def import_(self, content, *words, source="erp", name="in.jsonl"):
        return self.run_directory("import", "--source", source, *words, self.write(name, content))

    def fill(self):
        self.assert_says(self.import_(lines(*LINES)), 0,
                         "3 rows: 1 customers, 1 partners, 1 exclusions, 0 refused\n", "")

    def test_what_was_imported_is_found_and_says_where(self):
        self.fill()
        for key, headline, party in [
                ("CEO+news@Mail.Example", "ceo@mail.example: a customer's, found under ceo@mail.example", CUSTOMER_TEXT),
                ("x@a.b.big.example", "x@a.b.big.example: a customer's, found under big.example", CUSTOMER_TEXT),
                ("contoso.example.", "contoso.example: a customer's, found under contoso.example", CUSTOMER_TEXT),
                (CUSTOMER.upper(), CUSTOMER, CUSTOMER_TEXT),
                ("a@fabrikam.example", "a@fabrikam.example: a partner's", PARTNER_TEXT),
                ("bounce.example", "bounce.example: a partner's", PARTNER_TEXT),
                ("4847383", "4847383", PARTNER_TEXT),
                (PARTNER, PARTNER, PARTNER_TEXT)]:
            with self.subTest(key):
                self.assert_says(self.run_directory("get", key), 0, f"{headline}\n{party}", "")

    def test_what_is_not_found_is_status_1(self):
        self.fill()
        for key, said in [
                ("x@lab.big.example", "x@lab.big.example: excluded by lab.big.example\n"),
                ("x@a.contoso.example", "x@a.contoso.example: not in the directory\n"),
                ("nobody.example", "nobody.example: not in the directory\n"),
                ("12345", "12345: not in the directory\n"),
                ("no such key", "no such key: not in the directory\n"),
                ("\x1b[2J@x", "\\x1b[2J@x: not in the directory\n"),
                ("", ": not in the directory\n")]:
            with self.subTest(key):
                self.assert_says(self.run_directory("get", key), 1, said, "")

    def test_json_of_get_can_be_imported_again(self):
        self.fill()
        result = self.run_directory("get", "--json", "x@sub.big.example")
        self.assertEqual(result.status, 0, result.err)
        answer = json.loads(result.out)
        self.assertEqual(answer, {
            "schema": "csp-milter/directory-get/1", "key": "x@sub.big.example", "canonical": "x@sub.big.example",
            "found_under": "big.example", "excluded": False, "state": 1, "partners": [],
            "customers": [{"id": CUSTOMER, "name": "Contoso", "sources": [{"source": "erp", "entry": CUSTOMER_LINE}]}]})
        partner = json.loads(self.run_directory("get", "--json", PARTNER).out)["partners"][0]["sources"][0]["entry"]
        self.assertEqual(partner, PARTNER_LINE)
        again = self.import_(lines(partner, answer["customers"][0]["sources"][0]["entry"]))
        self.assert_says(again, 0, "2 rows: 1 customers, 1 partners, 0 exclusions, 0 refused\n", "")
        self.assertEqual(json.loads(self.run_directory("get", "--json", PARTNER).out)["partners"][0]["sources"][0]["entry"],
                         PARTNER_LINE)

    def test_stats_count_by_source(self):
        self.fill()
        other = {"type": "customer", "id": CUSTOMER, "domains": ["second.example"]}
        self.assertEqual(self.import_(lines(other), source="portal").status, 0)
        result = self.run_directory("stats")
        self.assertEqual((result.status, result.err), (0, ""))
        self.assertRegex(result.out, f"""\\Astate               2
customers           1
partners            1
domains             7
addresses           1
exclusions          1
updated    {TIME}
source erp: 1 customers, 1 partners, updated {TIME}
source portal: 1 customers, 0 partners, updated {TIME}
\\Z""")
        stats = json.loads(self.run_directory("stats", "--json").out)
        self.assertTrue(re.fullmatch(TIME, stats.pop("updated")))
        for source in stats["sources"]:
            self.assertTrue(re.fullmatch(TIME, source.pop("updated")))
        self.assertEqual(stats, {
            "schema": "csp-milter/directory-stats/1", "state": 2, "customers": 1, "partners": 1, "domains": 7, "addresses": 1,
            "exclusions": 1, "sources": [{"source": "erp", "customers": 1, "partners": 1},
                                         {"source": "portal", "customers": 1, "partners": 0}]})

    def test_refused_rows_are_named_and_the_rest_goes_in(self):
        content = lines(PARTNER_LINE) + '{"type":"customer","id":"c","nme":"x"}\n{"type":\n' + lines(CUSTOMER_LINE)
        result = self.import_(content)
        self.assertEqual((result.status, result.out),
                         (1, "4 rows: 1 customers, 1 partners, 0 exclusions, 2 refused\n"))
        where = self.path("in.jsonl")
        self.assertEqual(result.err.splitlines()[0], f'{where}:2: a customer has no field "nme"')
        self.assertTrue(result.err.splitlines()[1].startswith(f"{where}:3: column "), result.err)
        self.assertEqual(self.run_directory("get", CUSTOMER).status, 0)

    def test_where_nothing_can_be_taken_the_directory_keeps_its_state(self):
        self.fill()
        self.assertEqual(self.import_("{}\n").status, 1)
        self.assertEqual(json.loads(self.run_directory("stats", "--json").out)["state"], 1)

    def test_a_customers_csv_names_its_partner_by_options(self):
        content = CSV + f"{CUSTOMER},Contoso,contoso.onmicrosoft.com,Cloud Reseller\r\n"
        path = self.path("Customers.csv")
        self.assert_says(self.import_(content, name="Customers.csv"), 64, "",
                         f"csp-milterctl: {path}: it does not say whose customers these are: name the partner who "
                         "exported it with --partner and --role\ncsp-milterctl: nothing was imported\n")
        self.assert_says(self.import_(content, "--partner", PARTNER.upper(), "--role", "indirect-provider", name="Customers.csv"),
                         0, "1 rows: 1 customers, 0 partners, 0 exclusions, 0 refused\n",
                         f"csp-milterctl: the partner {PARTNER} is not in the directory yet: nobody can write as it\n"
                         "csp-milterctl: 1 customers came without a domain of their own: mail to them is known by its "
                         "onmicrosoft.com address alone\n")
        entry = json.loads(self.run_directory("get", "--json", CUSTOMER).out)["customers"][0]["sources"][0]["entry"]
        self.assertEqual(entry, {"type": "customer", "id": CUSTOMER, "name": "Contoso", "domains": ["contoso.onmicrosoft.com"],
                                 "partners": [{"partner": PARTNER, "role": "indirect-provider"}]})

    def test_a_domain_of_two_customers_is_a_warning(self):
        content = lines({"type": "customer", "id": "a", "domains": ["c.example"]},
                        {"type": "customer", "id": "b", "domains": ["c.example"]})
        self.assert_says(self.import_(content), 0, "2 rows: 2 customers, 0 partners, 0 exclusions, 0 refused\n",
                         f"{self.path('in.jsonl')}:2: warning: c.example belongs to another party too\n")

    def test_several_files_and_stdin_go_in_together_or_not_at_all(self):
        first = self.write("first.jsonl", lines(PARTNER_LINE))
        result = self.run_directory("import", "--source", "erp", "--json", first, "-", stdin=lines(CUSTOMER_LINE).encode())
        self.assertEqual(result.status, 0, result.err)
        self.assertEqual(json.loads(result.out), {
            "schema": "csp-milter/import/1", "source": "erp", "rows": 2, "customers": 1, "partners": 1, "exclusions": 0,
            "refused": 0, "no_own_domain": 0})
        second = self.write("second.jsonl", lines({"type": "customer", "id": "late", "domains": ["late.example"]}))
        missing = self.path("missing.jsonl")
        self.assert_says(self.run_directory("import", "--source", "erp", second, missing), 66, "",
                         f"csp-milterctl: {missing}: No such file or directory\ncsp-milterctl: nothing was imported\n")
        self.assertEqual(self.run_directory("get", "late.example").status, 1)
        result = self.run_directory("import", "--source", "erp", "-", stdin=b'{"type":"customer","id":"x","a":1}\n')
        self.assert_says(result, 1, "1 rows: 0 customers, 0 partners, 0 exclusions, 1 refused\n",
                         'stdin:1: a customer has no field "a"\n')

    def test_what_is_no_import_file_is_said_to_be_so(self):
        for name, content, said in [
                ("export.json", '{\n  "totalCount": 1\n}\n', "neither JSON Lines nor a Customers.csv with its header row"),
                ("other.csv", "a,b\n1,2\n", "neither JSON Lines nor a Customers.csv with its header row"),
                ("utf16.csv", CSV.encode("utf-16")[:9], "damaged UTF-16: save it as CSV UTF-8")]:
            with self.subTest(name):
                self.assert_says(self.import_(content, name=name), 65, "",
                                 f"csp-milterctl: {self.path(name)}: {said}\ncsp-milterctl: nothing was imported\n")

    def test_wrong_calls(self):
        import_, one = ("directory", "import"), self.write("one.jsonl", lines(PARTNER_LINE))
        for words, verb, said in [
                (("directory",), "directory", "what with it: import, get or stats?"),
                (("directory", "put"), "directory", "'put' is not one of import, get and stats"),
                ((*import_, one), "directory import", "--source NAME is needed: every fact keeps its source"),
                ((*import_, "--source", "s"), "directory import", "which FILE? '-' is standard input"),
                ((*import_, "--source"), "directory import", "'--source' is no option, or lacks its value"),
                ((*import_, "--replace"), "directory import", "'--replace' is no option, or lacks its value"),
                ((*import_, "--source", "s", "--partner", "p", one), "directory import", "--partner and --role go together"),
                ((*import_, "--source", "s", "--role", "direct-bill", one), "directory import",
                 "--partner and --role go together"),
                ((*import_, "--source", "s", "--partner", "p", "--role", "boss", one), "directory import",
                 "'boss' is no role: direct-bill, indirect-provider or indirect-reseller"),
                ((*import_, "--source", "s", "--partner", "p q", "--role", "direct-bill", one), "directory import",
                 "'p q' is no partner's id"),
                ((*import_, "--source", "s", "--format", "xml", one), "directory import",
                 "'xml' is no format: jsonl or customers-csv"),
                ((*import_, "--source", "a b", "--path", self.directory, one), "directory import",
                 "a source's name is 1 to 64 printable characters, no blanks"),
                (("directory", "get"), "directory get", "one KEY: an address, a domain or a party's id"),
                (("directory", "get", "a", "b"), "directory get", "one KEY: an address, a domain or a party's id"),
                (("directory", "get", "--all"), "directory get", "'--all' is no option, or lacks its value"),
                (("directory", "stats", "x"), "directory stats", "'x' is one argument too many"),
                (("directory", "stats", "-x"), "directory stats", "'-x' is no option, or lacks its value")]:
            with self.subTest(words):
                self.assert_usage(self.run_verb(*words), verb, said)

    def test_a_directory_that_cannot_be_used_is_explained(self):
        self.assert_says(self.run_directory("stats"), 66, "",
                         f"csp-milterctl: {self.directory}: no customer directory there yet\n")
        self.assert_says(self.run_directory("get", "a@b.example"), 66, "",
                         f"csp-milterctl: {self.directory}: no customer directory there yet\n")
        self.write("directory/data.mdb", "no LMDB" * 4096)
        said = f"csp-milterctl: {self.directory}: not a customer directory of this version\n"
        self.assert_says(self.run_directory("stats"), 65, "", said)
        self.assert_says(self.import_(lines(*LINES)), 65, "", said)
        self.directory = self.path("no/such/folder")
        self.assert_says(self.import_(lines(*LINES)), 73, "",
                         f"csp-milterctl: {self.directory}: its parent folder does not exist\n")

    def test_a_truncated_directory_is_damage_and_no_crash(self):
        self.fill()
        data = os.path.join(self.directory, "data.mdb")
        os.truncate(data, os.stat(data).st_size - 4096)
        said = f"csp-milterctl: {self.directory}: damaged, or a fault of the system\n"
        self.assert_says(self.run_directory("get", "a@b.example"), 74, "", said)
        self.assert_says(self.import_(lines(*LINES)), 74, "", said)

    def test_the_files_are_for_the_group_alone(self):
        self.fill()
        modes = {name: stat.S_IMODE(os.stat(os.path.join(self.directory, name)).st_mode) for name in os.listdir(self.directory)}
        self.assertEqual(modes, {"data.mdb": 0o640, "lock.mdb": 0o660, "writer.lock": 0o660})

    def test_the_configuration_names_the_directory_and_the_separators(self):
        conf = self.write("csp-milter.conf", 'directory = { path = "%s"; address_separators = "-"; };\n'
                          'classification = { packs = [ ]; };\nrules = ( { name = "all"; disposition = "pass"; } );\n'
                          % self.directory)
        entry = {"type": "customer", "id": "c", "addresses": ["ann-list+x@c.example"]}
        path = self.write("in.jsonl", lines(entry))
        self.assertEqual(self.run_verb("directory", "import", "-c", conf, "--source", "s", path).status, 0)
        result = self.run_verb("directory", "get", "-c", conf, "--json", "ANN-other@c.example")
        self.assertEqual(json.loads(result.out)["found_under"], "ann@c.example")
        self.assertEqual(self.run_verb("directory", "get", "-c", conf, "ann+x@c.example").status, 1)
        self.assertEqual(self.run_verb("directory", "stats", "-c", self.path("no.conf")).status, 66)

    def test_a_result_that_cannot_be_written_is_an_error(self):
        self.fill()
        for words in [("get", CUSTOMER), ("stats",)]:
            with self.subTest(words), open("/dev/full", "wb") as full:
                done = subprocess.run([verbs.PROGRAM, "directory", *words, "--path", self.directory], stdout=full,
                                      stderr=subprocess.PIPE, env=self.environment(), timeout=60, check=False)
                self.assertEqual(done.returncode, 74)
                self.assertIn(b"the result could not be written", done.stderr)

    def test_progress_is_for_a_terminal_alone(self):
        many = lines(*({"type": "customer", "id": f"c{i}", "domains": [f"d{i}.example"]} for i in range(30000)))
        path = self.write("many.jsonl", many)
        words = ["directory", "import", "--source", "s", "--path", self.directory, path]
        self.assert_says(self.run_verb(*words), 0, "30000 rows: 30000 customers, 0 partners, 0 exclusions, 0 refused\n", "")
        master, slave = pty.openpty()
        child = subprocess.Popen([verbs.PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=slave, env=self.environment())
        os.close(slave)
        seen = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        os.close(master)
        self.assertEqual(child.wait(60), 0)
        self.assertRegex(seen.decode(), r"\A\r\d+000 rows(\r\d+000 rows)*\r\x1b\[K\Z")

    def test_every_part_has_help(self):
        for words in [(), ("import",), ("get",), ("stats",)]:
            with self.subTest(words):
                result = self.run_verb("directory", *words, "--help")
                self.assertEqual((result.status, result.err), (0, ""))
                self.assertTrue(result.out.startswith("Usage: csp-milterctl directory "))


class FrameTest(verbs.VerbTest):
    VERBS = ["check", "explain", "classify", "directory", "review", "status", "reload"]

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
        for words in [(), *((verb,) for verb in self.VERBS), ("directory", "import"), ("directory", "get"), ("directory", "stats")]:
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
