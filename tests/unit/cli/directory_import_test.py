import fcntl
import json
import os
import pty
import re
import signal
import stat
import struct
import subprocess
import time

import verbs
from directories import CUSTOMER, CUSTOMER_LINE, LINES, PARTNER, PARTNER_LINE, DirectoryTest, lines

CSV = "Microsoft ID,Company name,Primary domain name,Relationship\r\n"
NOTHING = "csp-milterctl: nothing was changed\n"


def customers(count, first=0):
    return lines(*({"type": "customer", "id": f"c{i}", "domains": [f"d{i}.example"]} for i in range(first, first + count)))


class ImportTest(DirectoryTest):
    def test_refused_rows_are_named_and_the_rest_goes_in(self):
        content = lines(PARTNER_LINE) + '{"type":"customer","id":"c","nme":"x"}\n{"type":\n' + lines(CUSTOMER_LINE)
        result = self.import_(content)
        self.assertEqual((result.status, result.out), (1, "4 rows: 1 customer, 2 domains, 1 partner, 0 exclusions, 2 refused\n"))
        where = self.path("in.jsonl")
        self.assertEqual(result.err.splitlines()[0], f'{where}:2: a customer has no field "nme"')
        self.assertTrue(result.err.splitlines()[1].startswith(f"{where}:3: column "), result.err)
        self.assertEqual(self.run_directory("get", CUSTOMER).status, 0)

    def test_the_summary_in_json_has_every_figure(self):
        result = self.import_(lines(*LINES), "--json")
        self.assertEqual((result.status, result.err), (0, ""))
        self.assertEqual(json.loads(result.out), {
            "schema": "csp-milter/import/2", "source": "erp", "mode": "upsert", "packed": False, "dry_run": False, "rows": 3,
            "customers": 1, "partners": 1, "domains": 2, "exclusions": 1, "refused": 0, "public_domains": 0, "no_own_domain": 0,
            "shared_domains": 0, "partner_domains": 0, "crowded": 0, "removed": 0})

    def test_what_somebody_may_have_to_look_at_is_counted_in_words(self):
        gov = [{"partner": partner, "role": "direct-bill"} for partner in ("p1", "p2")]
        content = lines(
            {"type": "partner", "id": "p", "domains": ["partner.example"]},
            {"type": "customer", "id": "a", "domains": ["shared.example", "public.example"]},
            {"type": "customer", "id": "b", "domains": ["shared.example", "partner.example"]},
            {"type": "customer", "id": "c", "domains": ["c.cloud.example"]},
            {"type": "customer", "id": "d", "domains": ["d.cloud.example"]},
            {"type": "customer", "id": "e", "domains": ["e.example"], "cloud": "us-gov", "partners": gov})
        result = self.import_(content)
        self.assertEqual(result.status, 0, result.err)
        self.assertEqual(result.out.split("\n", 1)[1], """\
  1 public mail domain was left out
  2 customers have no mail domain of their own, and are known by the cloud's names alone
  1 name belongs to two customers
  1 name belongs to a partner and a customer
  1 customer has two partners in a cloud that allows one
""")
        for told in ["public.example", "shared.example", "partner.example", "e has two partners"]:
            self.assertRegex(result.err, rf"(?m)^{re.escape(self.path('in.jsonl'))}:\d+: warning: .*{re.escape(told)}")
        self.directory = self.path("another")
        figures = json.loads(self.import_(content, "--json").out)
        self.assertEqual({name: figures[name] for name in
                          ("public_domains", "no_own_domain", "shared_domains", "partner_domains", "crowded")},
                         {"public_domains": 1, "no_own_domain": 2, "shared_domains": 1, "partner_domains": 1, "crowded": 1})

    def test_a_customers_csv_names_its_partner_by_options(self):
        content = CSV + f"{CUSTOMER},Kornblum,kornblum.cloud.example,Cloud Reseller\r\n"
        path = self.path("Customers.csv")
        result = self.import_(content, name="Customers.csv")
        self.assertEqual((result.status, result.out), (64, ""))
        self.assertTrue(result.err.startswith(f"csp-milterctl: {path}: it does not say whose customers these are: name the partner "
                                              "who exported it with --partner and --role\n"))
        self.assertTrue(result.err.endswith(NOTHING))
        result = self.import_(content, "--partner", PARTNER.upper(), "--role", "indirect-provider", "--cloud", "china",
                              name="Customers.csv")
        self.assert_says(result, 0, "1 row: 1 customer, 1 domain, 0 partners, 0 exclusions, 0 refused\n"
                         "  1 customer has no mail domain of its own, and is known by the cloud's name alone\n",
                         f"csp-milterctl: the partner {PARTNER} is not in the directory yet: nobody can write as it\n")
        entry = self.answer(CUSTOMER)["customers"][0]["sources"][0]["entry"]
        self.assertEqual(entry, {"type": "customer", "id": CUSTOMER, "name": "Kornblum", "cloud": "china",
                                 "domains": ["kornblum.cloud.example"],
                                 "partners": [{"partner": PARTNER, "role": "indirect-provider"}]})

    def test_a_file_whose_rows_name_no_source_wants_one(self):
        path = self.write("in.jsonl", lines(CUSTOMER_LINE))
        self.assert_says(self.run_directory("import", path), 64, "",
                         f"csp-milterctl: {path}: it does not say where its facts come from: name it with --source\n" + NOTHING)
        named = self.write("named.jsonl", lines({"source": "a", **CUSTOMER_LINE}, {"source": "b", **PARTNER_LINE}))
        self.assertEqual(self.run_directory("import", named).status, 0)
        self.assertEqual([source["source"] for source in self.stats()["sources"]], ["a", "b"])

    def test_a_row_that_names_its_source_is_of_that_one(self):
        self.import_(lines({"source": "other", **CUSTOMER_LINE}, PARTNER_LINE), source="erp")
        self.assertEqual([(s["source"], s["customers"], s["partners"]) for s in self.stats()["sources"]],
                         [("erp", 0, 1), ("other", 1, 0)])

    def test_exports_of_one_partner_are_joined_by_the_customer(self):
        other = "cccccccc-0000-0000-0000-000000000002"
        files = [
            self.write("Customers.csv", CSV + f"{CUSTOMER},Kornblum,kornblum.cloud.example,Cloud Reseller\r\n"
                       f"{other},Uhland,uhland.cloud.example,Cloud Reseller\r\n"),
            self.write("Subscriptions.csv", f"Customer ID,Subscription ID,Offer name,Status\r\n{CUSTOMER},s1,Cloud Mail Premium,active\r\n"),
            self.write(f"domains/{CUSTOMER}.json", '["kornblum.example", "kornblum.cloud.example", "public.example"]')]
        words = ("import", "--source", "lindenhof", "--partner", PARTNER, "--role", "direct-bill")
        summary = ("6 rows: 2 customers, 4 domains, 0 partners, 0 exclusions, 0 refused\n  1 public mail domain was left out\n"
                   "  1 customer has no mail domain of its own, and is known by the cloud's name alone\n")
        result = self.run_directory(*words, "--dry-run", *files)
        self.assertEqual((result.status, result.out), (0, summary + "dry run: nothing was changed\n"), result.err)
        result = self.run_directory(*words, *files)
        self.assertEqual((result.status, result.out), (0, summary), result.err)
        entry = self.answer(CUSTOMER)["customers"][0]["sources"][0]["entry"]
        self.assertEqual(entry["domains"], ["kornblum.cloud.example", "kornblum.example"])
        self.assertEqual(sorted(tuple(r.get("products", [])) for r in entry["partners"]), [(), ("mail",)])
        self.assertEqual(self.answer("x@kornblum.example")["why"], "domain")

    def test_several_files_and_stdin_go_in_together_or_not_at_all(self):
        first = self.write("first.jsonl", lines(PARTNER_LINE))
        result = self.run_directory("import", "--source", "erp", first, "-", stdin=lines(CUSTOMER_LINE))
        self.assert_says(result, 0, "2 rows: 1 customer, 2 domains, 1 partner, 0 exclusions, 0 refused\n", "")
        second = self.write("second.jsonl", lines({"type": "customer", "id": "late", "domains": ["late.example"]}))
        missing = self.path("missing.jsonl")
        self.assert_says(self.run_directory("import", "--source", "erp", second, missing), 66, "",
                         f"csp-milterctl: {missing}: No such file or directory\n" + NOTHING)
        self.assertEqual(self.run_directory("get", "late.example").status, 1)
        result = self.run_directory("import", "--source", "erp", "-", stdin='{"type":"customer","id":"x","a":1}\n')
        self.assert_says(result, 1, "1 row: 0 customers, 0 domains, 0 partners, 0 exclusions, 1 refused\n",
                         'stdin:1: a customer has no field "a"\n')

    def test_places_of_late_warnings_are_of_the_right_file(self):
        one = self.write("one.jsonl", lines({"type": "customer", "id": "a", "domains": ["c.example"]}))
        two = self.write("two.jsonl", "\n" + lines({"type": "customer", "id": "b", "domains": ["c.example"]}))
        result = self.run_directory("import", "--source", "s", one, two)
        self.assertRegex(result.err, rf"\A{re.escape(two)}:2: warning: c\.example [^\n]*\n\Z")

    def test_a_pipe_is_read_once(self):
        path = self.write("in.jsonl", lines(*LINES))
        command = " ".join(f"'{word}'" for word in self.call("import", "--source", "erp"))
        done = subprocess.run(["bash", "-c", f"{command} <(cat '{path}')"], capture_output=True, env=self.environment(), timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stdout),
                         (0, b"3 rows: 1 customer, 2 domains, 1 partner, 1 exclusion, 0 refused\n"), done.stderr)

    def test_what_is_no_import_file_is_said_to_be_so(self):
        for name, content in [("other.csv", "a,b\n1,2\n"), ("text.txt", "hello\n"), ("picture.png", b"\x89PNG\r\n\x1a\n\0\0")]:
            with self.subTest(name):
                result = self.import_(content, name=name)
                self.assertEqual((result.status, result.out), (65, ""))
                self.assertTrue(result.err.startswith(f"csp-milterctl: {self.path(name)}: "), result.err)
                self.assertTrue(result.err.endswith(NOTHING))
        folder = self.path("folder")
        os.mkdir(folder)
        self.assert_says(self.run_directory("import", "--source", "s", folder), 66, "",
                         f"csp-milterctl: {folder}: Is a directory\n" + NOTHING)

    def test_a_file_that_may_not_be_read_ends_all_of_it(self):
        self.needs_root()
        path = self.write("secret.jsonl", lines(*LINES))
        os.mkdir(self.path("open"))
        self.directory = self.path("open/directory")
        for name, mode in [("", 0o755), ("open", 0o777), ("csp-milter.conf", 0o644), ("pack.conf", 0o644)]:
            os.chmod(self.path(name), mode)
        done = subprocess.run(self.call("import", "--source", "s", path), capture_output=True, user=65534, group=65534,
                              extra_groups=[], env=self.environment(), timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr.decode()),
                         (66, b"", f"csp-milterctl: {path}: Permission denied\n" + NOTHING))

    def test_a_big_import_gives_way_to_mail(self):
        child = self.start_import("-")
        child.stdin.write(lines(PARTNER_LINE).encode())
        child.stdin.flush()
        self.wait_until(lambda: os.getpriority(os.PRIO_PROCESS, child.pid) == 10)
        self.assertEqual(self.end(child), 0)

    # ---- what is replaced ----

    def test_replace_takes_away_what_the_source_says_no_more(self):
        self.fill()
        self.import_(lines({"type": "customer", "id": "late", "domains": ["late.example"]}), source="two")
        result = self.import_(lines({"type": "customer", "id": "new", "domains": ["new.example"]}), "--replace")
        self.assert_says(result, 0, "1 row: 1 customer, 1 domain, 0 partners, 0 exclusions, 0 refused\n"
                         "  2 parties are not described any more, and were removed\n", "")
        for key, status in [(CUSTOMER, 1), (PARTNER, 1), ("x@lab.big.example", 1), ("late", 0), ("new", 0)]:
            self.assertEqual(self.run_directory("get", key).status, status, key)
        self.assertEqual(self.answer("x@lab.big.example")["answer"], "unknown")

    def test_replace_all_builds_anew(self):
        self.fill()
        self.assertEqual(self.import_(customers(1), "--replace-all", source="two").status, 0)
        stats = self.stats()
        self.assertEqual([(stats["customers"], stats["partners"], stats["exclusions"], [s["source"] for s in stats["sources"]])],
                         [(1, 0, 0, ["two"])])

    def test_where_rows_are_refused_nobody_loses_what_was_known(self):
        head = "Microsoft ID,Company name,Primary domain name,Relationship\n"
        rows = [f"{n}1111111-0000-4000-8000-000000000001,{n},{n}.example,Cloud Reseller\n" for n in "abc"]
        by = ("--partner", "p", "--role", "direct-bill")
        self.assertEqual(self.import_(head + "".join(rows), *by).status, 0)
        for spoilt in [rows[1].replace("Cloud", "Clod"), rows[1].replace("b,b.", 'b,"b.')]:
            with self.subTest(spoilt):
                before = self.export()
                result = self.import_(head + rows[0] + spoilt + rows[2], "--replace-all", *by)
                self.assertEqual((result.status, result.out), (65, ""))
                self.assertTrue(result.err.endswith("mend them or take them out\n" + NOTHING), result.err)
                self.assertEqual(self.export(), before)
                result = self.import_(head + rows[0].replace(",a,", ",A,") + spoilt + rows[2], "--replace", "--json", *by)
                self.assertEqual(result.status, 1)
                self.assertIn("so nothing is taken away", result.err)
                figures = json.loads(result.out)
                self.assertEqual((figures["mode"], figures["refused"], figures["removed"]), ("upsert", 1, 0))
                for domain in "abc":
                    self.assertEqual(self.run_directory("get", f"x@{domain}.example").status, 0, domain)
                self.assertIn('"name":"A"', self.export())
        self.assertEqual(self.import_(head + rows[0], "--replace", *by).status, 0)
        self.assertEqual(self.run_directory("get", "x@b.example").status, 1)

    def test_nothing_at_all_replaces_nothing(self):
        self.fill()
        for words, whole in [(["--replace"], "all that this source has said"), (["--replace-all"], "the whole directory")]:
            for content in ['{"totalCount":0,"items":[]}', '{"type":"customer"}\n', CSV]:
                with self.subTest(words, content=content):
                    result = self.import_(content, "--partner", "p", "--role", "direct-bill", *words)
                    self.assertEqual((result.status, result.out), (65, ""))
                    self.assertTrue(result.err.endswith(
                        f"csp-milterctl: there is nothing in what was given, and it would replace {whole}\n" + NOTHING), result.err)
        for content, status in [("\n", 65), ("{}\n", 1), (CSV, 0)]:
            with self.subTest(content):
                self.assertEqual(self.import_(content, "--partner", "p", "--role", "direct-bill").status, status)
        self.assertEqual(self.stats()["state"], 1)

    def test_a_dry_run_says_all_and_changes_nothing(self):
        self.fill()
        before = self.export()
        result = self.import_(customers(3), "--dry-run", "--replace")
        self.assert_says(result, 0, "3 rows: 3 customers, 3 domains, 0 partners, 0 exclusions, 0 refused\n"
                         "  2 parties are not described any more, and were removed\ndry run: nothing was changed\n", "")
        self.assertTrue(json.loads(self.import_(customers(1), "--dry-run", "--json").out)["dry_run"])
        self.assertEqual(self.run_directory("put", "--source", "s", "--dry-run", stdin=customers(1)).status, 0)
        self.assertEqual(self.export(), before)
        self.assertEqual(self.stats()["state"], 1)

    def test_a_dry_run_makes_no_directory(self):
        before = sorted(os.listdir(self.folder))
        self.assertEqual(self.import_(lines(*LINES), "--dry-run", name="csp-milter.conf.jsonl").status, 0)
        self.assertEqual(sorted(os.listdir(self.folder)), sorted([*before, "csp-milter.conf.jsonl"]))

    # ---- rejects ----

    def test_refused_rows_can_go_to_a_file(self):
        rejects = self.path("rejects.jsonl")
        rows = ['{"type":"customer","id":"c","nme":"x"}', '{"type":', '{"type":"customer","id":"\u00e4"}']
        result = self.import_(lines(PARTNER_LINE) + "\n".join(rows) + "\n", "--rejects", rejects)
        self.assert_says(result, 1, "4 rows: 0 customers, 0 domains, 1 partner, 0 exclusions, 3 refused\n",
                         f"csp-milterctl: refused rows are in {rejects}\n")
        with open(rejects, encoding="utf-8") as stream:
            written = [json.loads(line) for line in stream]
        self.assertEqual([(row["file"], row["line"], row["row"]) for row in written],
                         [(self.path("in.jsonl"), i + 2, row) for i, row in enumerate(rows)])
        self.assertEqual(written[0]["reason"], 'a customer has no field "nme"')
        self.assertEqual(stat.S_IMODE(os.stat(rejects).st_mode), 0o600)

    def test_a_file_of_rejects_that_is_there_stays(self):
        rejects = self.write("rejects.jsonl", "")
        result = self.import_(lines(*LINES), "--rejects", rejects)
        self.assertEqual((result.status, result.out), (73, ""))
        self.assertTrue(result.err.startswith(f"csp-milterctl: {rejects}: it exists"), result.err)
        self.assertFalse(os.path.exists(self.directory))
        os.remove(rejects)
        os.symlink(self.conf, rejects)
        self.assertEqual(self.import_(lines(*LINES), "--rejects", rejects).status, 73)
        self.assertEqual(self.import_(lines(*LINES), "--rejects", self.path("no/folder")).status, 73)

    def test_without_a_refused_row_there_is_no_file(self):
        rejects = self.path("rejects.jsonl")
        self.assert_says(self.import_(lines(*LINES), "--rejects", rejects), 0,
                         "3 rows: 1 customer, 2 domains, 1 partner, 1 exclusion, 0 refused\n", "")
        self.assertFalse(os.path.exists(rejects))

    def test_rejects_that_cannot_be_written_end_the_import(self):
        disk = self.small_disk("64k")
        rejects = os.path.join(disk, "rejects.jsonl")
        content = lines(PARTNER_LINE) + "".join('{"type":"x","pad":"%s"}\n' % ("y" * 1000) for _ in range(200))
        result = self.import_(content, "--rejects", rejects)
        self.assertEqual((result.status, result.out), (74, ""))
        self.assertIn(f"csp-milterctl: {rejects}: refused rows could not be written: No space left on device\n", result.err)
        self.assertEqual(self.run_directory("get", PARTNER).status, 66)

    # ---- others, interruptions, a full disk ----

    def start_import(self, *words, **more):
        child = subprocess.Popen(self.call("import", "--source", "slow", *words), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=self.environment(), **more)
        self.addCleanup(self.end, child)
        return child

    def end(self, child):
        """The status; what it says is in child.said."""
        if child.returncode is None:
            child.said = child.communicate(timeout=60)
        return child.returncode

    def wait_until(self, holds):
        end = time.monotonic() + 20
        while not holds():
            self.assertLess(time.monotonic(), end, "it does not happen")
            time.sleep(0.02)

    def is_locked(self):
        """Asked without taking the lock, which would be in the import's way."""
        try:
            with open(os.path.join(self.directory, "writer.lock"), "rb") as stream:
                asked = struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0)
                return struct.unpack("hhqqi4x", fcntl.fcntl(stream, fcntl.F_GETLK, asked))[0] != fcntl.F_UNLCK
        except FileNotFoundError:
            return False

    def hold(self):
        """An import that is not at its end."""
        child = self.start_import("-")
        child.stdin.write(customers(2).encode())
        child.stdin.flush()
        self.wait_until(self.is_locked)
        return child

    def test_two_imports_at_once_do_not_mix(self):
        self.fill()
        first = self.hold()
        busy = (f"csp-milterctl: {self.directory}: another process is changing it: try again when that has ended, or wait for it "
                "with --wait\n")
        self.assert_says(self.import_(lines(PARTNER_LINE)), 75, "", busy + NOTHING)
        self.assert_says(self.run_directory("put", "--source", "s", stdin=lines(PARTNER_LINE)), 75, "", busy + NOTHING)
        self.assert_says(self.run_directory("delete", PARTNER), 75, "", busy)
        self.assertEqual(self.run_directory("get", PARTNER).status, 0)
        patient = subprocess.Popen(self.call("delete", "--wait", PARTNER), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment())
        self.assertEqual(patient.stderr.readline().decode(),
                         f"csp-milterctl: {self.directory}: another process is changing it: waiting for its end\n")
        self.assertIsNone(patient.poll())
        self.assertEqual(self.end(first), 0, first.said)
        patient.communicate(timeout=60)
        self.assertEqual(patient.returncode, 0)
        self.assertEqual([self.run_directory("get", key).status for key in ("c0", "c1", PARTNER)], [0, 0, 1])
        self.assertEqual(self.stats()["state"], 3)

    def test_an_import_that_is_interrupted_changes_nothing(self):
        self.fill()
        before = self.export()
        files = sorted(os.listdir(self.directory))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number):
                child = self.hold()
                child.send_signal(number)
                self.assertEqual(self.end(child), -number)
                self.assertEqual(self.export(), before)
                self.assertEqual(sorted(os.listdir(self.directory)), files)
        self.assertEqual(self.import_(customers(1)).status, 0)

    def small_disk(self, size):
        self.needs_root()
        disk = self.path("disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], stderr=subprocess.DEVNULL,
                          check=False).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        return disk

    def test_a_full_disk_is_told_and_the_directory_stays(self):
        self.directory = os.path.join(self.small_disk("1m"), "directory")
        self.fill()
        before = self.export()
        result = self.import_(customers(30000))
        self.assertEqual((result.status, result.out), (74, ""))
        self.assert_ends(result.err, f"csp-milterctl: {self.directory}: no room left on the disk or in the map\n" + NOTHING)
        self.assertEqual(self.export(), before)
        self.assertEqual(self.import_(customers(1)).status, 0)

    def assert_ends(self, text, end):
        self.assertEqual(text[-len(end):], end)

    # ---- progress ----

    def on_a_terminal(self, *words):
        master, slave = pty.openpty()
        child = subprocess.Popen(self.call(*words), stdout=subprocess.DEVNULL, stderr=slave, env=self.environment())
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
        return child.wait(60), seen.decode()

    def test_progress_is_for_a_terminal_alone(self):
        path = self.write("many.jsonl", customers(30000) + '{"type":"customer"}\n')
        words = ["import", "--source", "s", path]
        result = self.run_directory(*words)
        self.assertEqual((result.status, result.err), (1, f'{path}:30001: a customer needs a text "id"\n'))
        status, seen = self.on_a_terminal(*words)
        self.assertEqual(status, 1)
        self.assertRegex(seen, r"\rreading \[[#.]{20}\] +\d+% \d+ rows\x1b\[K")
        self.assertRegex(seen, r"\rstoring \[[#.]{20}\] +\d+% \x1b\[K")
        self.assertIn(f"\r\x1b[K{path}:30001: a customer needs", seen)
        self.assertTrue(seen.endswith("\r\x1b[K"), seen[-40:])


class PutTest(DirectoryTest):
    def put(self, *entries, words=("--source", "erp")):
        return self.run_directory("put", *words, stdin="".join(e if isinstance(e, str) else lines(e) for e in entries))

    def test_one_object_replaces_what_the_source_said_of_that_party(self):
        self.fill()
        self.assert_says(self.put({**CUSTOMER_LINE, "name": "Kornblum Backhaus"}), 0,
                         "1 row: 1 customer, 2 domains, 0 partners, 0 exclusions, 0 refused\n", "")
        self.assertEqual(self.answer(CUSTOMER)["customers"][0]["name"], "Kornblum Backhaus")
        self.assertEqual(self.run_directory("get", PARTNER).status, 0)
        path = self.write("one.json", lines({"type": "exclusion", "domain": "x.big.example"}))
        self.assertEqual(self.run_directory("put", "--source", "erp", path).status, 0)
        self.assertEqual(self.answer("x.big.example")["answer"], "excluded")

    def test_an_object_may_stand_on_several_lines(self):
        self.assertEqual(self.put(json.dumps(CUSTOMER_LINE, indent=2)).status, 0)
        self.assertEqual(self.answer(CUSTOMER)["customers"][0]["sources"][0]["entry"], CUSTOMER_LINE)

    def test_one_refused_row_changes_nothing(self):
        self.fill()
        before = self.export()
        result = self.put({"type": "customer", "id": "new"}, '{"type":"customer","id":"c","nme":"x"}\n')
        self.assert_says(result, 65, "", 'stdin:2: a customer has no field "nme"\n' + NOTHING)
        self.assertEqual(self.export(), before)

    def test_nothing_is_not_put(self):
        for text in ("", "customer,product\nc,mail\n", "hello\n"):
            with self.subTest(text):
                self.assert_says(self.put(text), 65, "", "csp-milterctl: stdin: no JSON object\n" + NOTHING)
        for text in ("\n", "{}\n", "[]"):
            with self.subTest(text):
                self.assertEqual(self.put(text).status, 65 if text != "[]" else 0)
        self.assertEqual(self.run_directory("stats").status, 66)

    def test_an_object_may_name_its_source(self):
        self.assertEqual(self.put({"source": "x", **CUSTOMER_LINE}, words=()).status, 0)
        self.assertEqual(self.stats()["sources"][0]["source"], "x")
        self.assertEqual(self.put(CUSTOMER_LINE, words=()).status, 64)


if __name__ == "__main__":
    verbs.main()
