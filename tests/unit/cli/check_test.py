import json
import os

import verbs

CONF = """
directory = {{ path = "{0}/directory"; }};
classification = {{ packs = [ "pack.conf", "second.conf" ]; }};
@include "policy.conf"
"""
POLICY = 'rules = ( { name = "subscription"; category = "subscription"; disposition = "block"; } );\n'
PACK = 'phrases = ( { category = "subscription"; meaning = "invoice"; phrases = [ "invoice", "bill" ]; } );\n'
PARTNER = {"type": "partner", "id": "bbbbbbbb-0000-0000-0000-000000000001", "name": "P", "domains": ["p.example"]}


class CheckTest(verbs.VerbTest):
    def setUp(self):
        super().setUp()
        self.conf = self.write("csp-milter.conf", CONF.format(self.folder))
        self.write("policy.conf", POLICY)
        self.write("pack.conf", PACK)
        self.write("second.conf", "")

    def check(self, *words):
        return self.run_verb("check", "-c", self.conf, *words)

    def summary(self):
        return f"{self.conf}: 1 rule, 2 phrases in 2 packs, mode monitor: OK\n"

    def make_directory(self):
        lines = self.write("directory.jsonl", json.dumps(PARTNER) + "\n")
        imported = self.run_verb("directory", "import", "-c", self.conf, "--source", "test", lines)
        self.assertEqual(imported.status, 0, imported.err)

    def test_a_right_configuration_with_a_directory_is_one_line_and_0(self):
        self.make_directory()
        self.assert_says(self.check(), 0, self.summary(), "")

    def test_a_directory_that_is_not_there_yet_is_said_with_what_to_do(self):
        result = self.check()
        self.assert_says(result, 66, self.summary())
        self.assertIn(f"{self.folder}/directory: ", result.err)
        self.assertIn("csp-milterctl directory import --source NAME FILE", result.err)

    def test_a_file_that_is_no_directory_is_said_with_another_status(self):
        os.mkdir(self.path("directory"))
        self.write("directory/data.mdb", b"no database" * 1000)
        self.write("directory/lock.mdb", b"")
        result = self.check()
        self.assertEqual(result.out, self.summary())
        self.assertNotIn(result.status, (0, 66), result.err)
        self.assertIn(f"{self.folder}/directory: ", result.err)

    def test_what_rules_say_in_vain_is_told_with_its_line_and_1(self):
        self.make_directory()
        self.write("policy.conf", """\
mixed_recipients = { action = "hold"; };
rules = (
  { name = "a"; category = "subscription"; disposition = "flag"; },
  { name = "b"; category = "subscription"; sender = "vendor"; mode = "monitor"; disposition = "block"; action = "tempfail"; },
  { name = "c"; category = "incident"; except = { category = [ "incident", "other" ]; }; disposition = "flag"; },
  { name = "d"; sender = "other"; until = "2026-01-01"; disposition = "flag"; }
);
""")
        at = f"{self.folder}/policy.conf"
        self.assert_says(self.check(), 1, f"""\
{at}:4: rule 'b' never decides nor shows: all that it could match is taken by 'a', {at}:3
{at}:5: rule 'c' never matches: its 'except' takes out all that it could match
{at}:6: rule 'd' is enforced no more: its 'until' has passed
{self.conf}: mixed_recipients.action does nothing: no rule rejects
{self.conf}: 4 rules, 2 phrases in 2 packs, mode monitor: OK
""", "")

    def test_a_phrase_that_never_decides_is_told_with_its_line(self):
        self.make_directory()
        self.write("second.conf", 'phrases = (\n{ category = "other"; meaning = "m"; phrases = [ "lunch",\n"invoice*" ]; } );\n')
        told = (f"{self.folder}/second.conf:3: 'invoice*' never decides: it is taken for 'invoice', subscription, "
                f"{self.folder}/pack.conf:1\n")
        result = self.check()
        self.assertEqual(result.status, 0, result.err)
        self.assertTrue(result.out.startswith(told), result.out)

    def test_phrases_that_add_nothing_or_hide_another_are_told_when_asked(self):
        self.make_directory()
        self.write("second.conf", ('phrases = (\n{ category = "subscription"; meaning = "m"; phrases = [ "unpaid bill",\n"new* ... plan" ]; },\n'
                                   '{ category = "other"; meaning = "m"; phrases = [ "bill of materials",\n"new plan of the office" ]; } );\n'))
        second, first = f"{self.folder}/second.conf", f"{self.folder}/pack.conf"
        told = (f"{second}:2: 'unpaid bill' adds nothing to 'bill', subscription, {first}:1\n"
                f"{second}:4: 'bill of materials' hides 'bill', subscription, {first}:1\n"
                f"{second}:5: 'new plan of the office' hides 'new* ... plan', subscription, {second}:3\n")
        result = self.check("--phrases")
        self.assertEqual(result.status, 0, result.err)
        self.assertTrue(result.out.startswith(told), result.out)
        self.assertEqual(self.check().out.count("\n"), 1)

    def test_every_error_has_its_file_and_line(self):
        self.write("policy.conf", '\nrules = (\n{ name = "x"; disposition = "pas"; },\n{ name = "y"; } );\nmod = 1;\n')
        self.write("second.conf", '\n\nphrases = ( { category = "nothing"; meaning = "m"; phrases = "p"; } );\n')
        self.assert_says(self.check(), 78, "", (
            f"{self.folder}/policy.conf:3: rules.x.disposition: 'pas' is unknown: did you mean 'pass'?\n"
            f"{self.folder}/policy.conf:4: rules.y: 'disposition' is missing\n"
            f"{self.folder}/policy.conf:5: unknown setting 'mod': did you mean 'mode'?\n"
            f"{self.folder}/second.conf:3: phrases.category: 'nothing' is unknown: one of subscription, incident, "
            "operational, other\n"))

    def test_an_include_of_a_folder_is_an_error_like_others(self):
        self.write("csp-milter.conf", '@include "."\n')
        self.assert_says(self.check(), 78, "", (
            f"{self.conf}:1: {self.folder}/. is a folder, not a file\n"))

    def test_a_file_that_others_may_write_is_refused(self):
        os.chmod(self.path("policy.conf"), 0o666)
        result = self.check()
        self.assertEqual((result.status, result.out), (78, ""))
        self.assertIn(f"{self.conf}:4: {self.folder}/policy.conf may be written by its group or by everybody", result.err)

    def test_a_configuration_that_is_not_there_is_66(self):
        os.unlink(self.conf)
        self.assert_says(self.check(), 66, "", f"{self.conf}: does not exist\n")

    def test_control_characters_of_a_file_do_not_reach_the_terminal(self):
        self.write("csp-milter.conf", b'mode = "\\x1b[31m";\nx\x1b[31m = 1;\n')
        result = self.check()
        self.assertEqual(result.status, 78)
        self.assertNotIn("\x1b", result.err)

    def test_wrong_calls_are_explained(self):
        self.assert_usage(self.run_verb("check", self.conf), "check",
                          f"'{self.conf}' is one argument too many: the file is named with -c")
        self.assert_usage(self.run_verb("check", "--strict"), "check", "'--strict' is no option, or lacks its value")
        self.assert_usage(self.run_verb("check", "-c"), "check", "'-c' is no option, or lacks its value")

    def test_help_goes_to_standard_output(self):
        result = self.run_verb("check", "--help")
        self.assertEqual((result.status, result.err), (0, ""))
        self.assertIn("Usage: csp-milterctl check [-c FILE]", result.out)


if __name__ == "__main__":
    verbs.main()
