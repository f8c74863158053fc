"""A configuration, a directory and what goes into it, for the tests of the verb "directory"."""

import json
import os

import verbs

PARTNER, CUSTOMER = "bbbbbbbb-0000-0000-0000-000000000001", "cccccccc-0000-0000-0000-000000000001"
PARTNER_LINE = {
    "type": "partner", "id": PARTNER, "name": "Lindenhof", "aliases": ["4847383"],
    "domains": ["lindenhof.example", {"name": "x.example", "subdomains": True}], "bounce_domains": ["bounce.example"],
    "proofs": {"logins": ["fab"], "networks": ["192.0.2.0/24"], "listeners": ["tls"], "cert_subjects": ["/CN=fab"],
               "dkim_domains": ["lindenhof.example"]},
    "contact": "csp@lindenhof.example"}
CUSTOMER_LINE = {
    "type": "customer", "id": CUSTOMER, "name": "Kornblum", "cloud": "commercial",
    "domains": ["kornblum.example", {"name": "big.example", "subdomains": True}], "addresses": ["ceo@mail.example"],
    "partners": [{"partner": "4847383", "role": "direct-bill", "products": ["microsoft-365", "azure"],
                  "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}],
    "direct_products": ["windows-server"]}
EXCLUSION_LINE = {"type": "exclusion", "domain": "lab.big.example"}
LINES = [PARTNER_LINE, CUSTOMER_LINE, EXCLUSION_LINE]

CONF = """
directory = {{ path = "{0}/directory"; address_separators = "+"; single_partner_clouds = [ "us-gov" ]; }};
journal = {{ path = "{0}/decisions.jsonl"; }};
classification = {{ packs = [ "pack.conf" ]; }};
rules = ( {{ name = "all"; disposition = "pass"; }} );
"""
PACK = """
public_domains = [ "public.example" ];
tenant_domains = [ ".cloud.example" ];
products = ( { name = "mail"; phrases = [ "cloud mail" ]; } );
"""


def lines(*entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries)


class DirectoryTest(verbs.VerbTest):
    def setUp(self):
        super().setUp()
        self.directory = self.path("directory")
        self.conf = self.write("csp-milter.conf", CONF.format(self.folder))
        self.write("pack.conf", PACK)

    def call(self, *words):
        """A whole command line, for what runs at the same time as something else."""
        return [verbs.PROGRAM, "directory", words[0], "-c", self.conf, "--path", self.directory, *words[1:]]

    def run_directory(self, *words, stdin=b""):
        return self.run_verb(*self.call(*words)[1:], stdin=stdin if isinstance(stdin, bytes) else stdin.encode())

    def import_(self, content, *words, source="erp", name="in.jsonl"):
        return self.run_directory("import", "--source", source, *words, self.write(name, content))

    def fill(self):
        self.assert_says(self.import_(lines(*LINES)), 0,
                         "3 rows: 1 customer, 2 domains, 1 partner, 1 exclusion, 0 refused\n", "")

    def export(self, *words):
        result = self.run_directory("export", *words)
        self.assertEqual((result.status, result.err), (0, ""))
        return result.out

    def answer(self, key):
        return json.loads(self.run_directory("get", "--json", key).out)

    def stats(self):
        return json.loads(self.run_directory("stats", "--json").out)

    def needs_root(self):
        if os.geteuid() != 0:
            self.skipTest("only root can do this")
