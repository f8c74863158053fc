"""The report: what it counts, and what it is in a real browser."""

import re

import verbs
from browser import Browser
from journal import ID, line, passed, recipient, record

HOSTILE = (
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "</table></main><style>body{display:none}</style><!--",
    "' onmouseover='document.title=1' x='",
    "\u202egnp.exe \u2028 \x1b[31m \x00\x07",
    "&lt;b&gt; &amp;",
    "javascript:alert(1)",
    "x" * 5000,
)


class ReportTest(verbs.VerbTest):
    def journal(self, *records):
        return self.write("journal", "".join(line(one) for one in records))

    def report(self, path, *words):
        done = self.run_verb("review", "report", "--since", "2026-11-01", "--journal", path, "-o", self.path("report.html"), *words)
        self.assert_says(done, 0, "", "")
        with open(self.path("report.html"), encoding="utf-8") as file:
            return file.read()

    def cells(self, page, heading):
        """The rows of the table under a heading."""
        table = re.search(rf"<h2>{heading}</h2>.*?<tbody>(.*?)</tbody>", page, re.DOTALL)[1]
        return [[re.sub("<[^>]*>", "", cell) for cell in re.findall("<td[^>]*>(.*?)</td>", row)]
                for row in re.findall("<tr>(.*?)</tr>", table)]

    def test_it_counts(self):
        trial = [recipient("joe@customer.example", "general", "pass", would=[("trial", "block")])]
        path = self.journal(record(1), record(2), passed(3), record(4, recipients=trial, action="accept"),
                            record(5, recipients=[recipient(f"{n}@two.example", "other-partner", "flag") for n in range(1200)]))
        for ids, verdict in (((ID % 1,), "confirmed"), ((ID % 2,), "false-positive")):
            self.assertEqual(self.run_verb("review", "mark", *ids, verdict, "--journal", path, "--marks", self.path("m.db")).status, 0)
        page = self.report(path, "--marks", self.path("m.db"))
        tiles = dict(reversed(one) for one in re.findall(r'<div class="tile[^>]*><b>([^<]*)</b>([^<]*)</div>', page))
        self.assertEqual(tiles, {"messages": "5", "recipients passed": "2", "flagged": "1,200", "blocked": "2", "put off for later": "0",
                                 "would have been, by rules not enforced": "1", "messages reviewed": "2", "of those were wrong": "50.0 %"})
        self.assertEqual(self.cells(page, "Rules"), [["general", "2", "2", "0", "0", "0", "-"],
                                                     ["subscription", "2", "0", "0", "2", "0", "50.0 %"],
                                                     ["other-partner", "1", "0", "1,200", "0", "0", "-"],
                                                     ["trial", "1", "0", "0", "0", "1", "-"]])
        self.assertEqual([row[1] for row in self.cells(page, "Not reviewed yet")], [(ID % n)[:16] for n in (5, 4)])
        self.assertEqual(len(re.findall("<g>", page)), 5)
        self.assertIn("<title>2026-11-05: 1 messages, 0 block, 1200 flag, 0 tempfail, 0 would</title>", page)

    def test_a_long_time_is_shown_by_months_and_none_is_said(self):
        page = self.report(self.journal(record(1), record(2, time="2027-05-02T00:00:00.000Z"), record(3, time="2027-05-03T00:00:00.000Z")))
        self.assertEqual(re.findall(r"<g><title>([^:]*): (\d)", page), [("2026-11", "1"), ("2027-05", "2")])
        page = self.report(self.journal(record(1, time="2001-01-01T00:00:00.000Z")))
        self.assertIn("There is nothing in this time.", page)
        self.assertIn(">None.</p>", page)

    def test_where_it_goes(self):
        path = self.journal(record(1))
        self.assertIn("</html>", self.run_verb("review", "report", "--journal", path, "-o", "-").out)
        for name, status in (("/nonexistent/report.html", 73), ("/dev/full", 74)):
            self.assertEqual(self.run_verb("review", "report", "--journal", path, "-o", name).status, status)

    def test_in_a_browser(self):
        records = [record(n % 28 + 1, decision="01kbq0000000000000000%05d" % n, subject=HOSTILE[n % len(HOSTILE)]) for n in range(80)]
        records[3]["recipients"][0].update(rule=HOSTILE[0], customer=HOSTILE[1])
        self.report(self.journal(*records))
        browser = Browser()
        self.addCleanup(browser.close)
        browser.open(self.path("report.html"))
        run = browser.run

        with self.subTest("nothing that mail says is run, or is anything but text"):
            self.assertEqual(browser.errors(), [])
            self.assertEqual(run("return document.title"), "csp-milter: decisions")
            self.assertEqual(run("return [document.scripts.length, document.images.length, document.styleSheets.length]"), [1, 0, 1])
            self.assertEqual(run("return performance.getEntriesByType('resource').length"), 0)
            subjects = run("return Array.from(document.querySelectorAll('#unreviewed tbody tr'), (row) => row.cells[6].textContent)")
            self.assertEqual(len(subjects), 80)
            for wanted in HOSTILE[:4] + HOSTILE[5:7] + (r"\xe2\x80\xaegnp.exe \xe2\x80\xa8 \x1b[31m \x00\x07", "x" * 300 + "\u2026"):
                self.assertIn(wanted, subjects)

        with self.subTest("a strict policy holds, whatever had come in"):
            run("document.body.insertAdjacentHTML('beforeend', '<b id=b onclick=\"document.title=1\"><i style=\"color:red\">x</i></b>');"
                "document.getElementById('b').click()")
            self.assertEqual(run("return document.title"), "csp-milter: decisions")
            self.assertNotEqual(run("return getComputedStyle(document.querySelector('#b i')).color"), "rgb(255, 0, 0)")
            self.assertEqual(len([one for one in browser.errors() if "Content Security Policy" in one]), 2)

        with self.subTest("search and sorting"):
            search = ("const field = document.querySelector('input[type=search]'); field.value = arguments[0];"
                      "field.dispatchEvent(new Event('input'));"
                      "return Array.from(document.querySelectorAll('#unreviewed tbody tr')).filter((row) => row.offsetParent).length")
            self.assertEqual([run(search, text) for text in ("OWNED <script", "ann@customer", "no such", "")], [11, 80, 0, 80])
            sort = ("document.querySelectorAll('#unreviewed th button')[arguments[0]].click();"
                    "return Array.from(document.querySelectorAll('#unreviewed tbody tr'), (row) => row.cells[arguments[0]].textContent)")
            rising, falling = run(sort, 0), run(sort, 0)
            self.assertEqual((rising, falling), (sorted(rising), sorted(rising, reverse=True)))
            self.assertEqual(run("return document.querySelector('#unreviewed th').getAttribute('aria-sort')"), "descending")

        with self.subTest("on a phone, in the dark, on paper"):
            browser.media("light")
            colour = "return getComputedStyle(document.body).backgroundColor"
            light = run(colour)
            browser.media("dark")
            self.assertNotEqual(run(colour), light)
            for width in (360, 768, 1280):
                browser.size(width, 800)
                self.assertLessEqual(run("return document.documentElement.scrollWidth"), width)
            self.assertGreater(len(browser.call("POST", "/print", {})), 10000)


if __name__ == "__main__":
    verbs.main()
