"""The manuals and --help say the same: every verb and option of one is in the other.

And the commands that the guides show are ones that the tool takes.

usage: man_test.py PATH-OF-csp-milter PATH-OF-csp-milterctl FOLDER-OF-THE-DOCUMENTATION
"""

import os
import re
import subprocess
import sys
import unittest

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[a-zA-Z])(?![\w-])")
# Described once for all verbs, and not verb by verb.
COMMON = {"-h", "--help"}
NO_VERBS = {"EXIT STATUS"}


def help_of(program, *words):
    done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{words}: --help gives {done.returncode}: {done.stderr}")
    return done.stdout


def tool_verbs():
    return re.findall(r"^  ([a-z]+)  ", help_of(TOOL), flags=re.M)


def below(verb):
    """What the usage of a verb names below it: directory import, review show."""
    return set(re.findall(rf"csp-milterctl {verb} ([a-z]+) ", help_of(TOOL, verb)))


def options_of(verb):
    return set(OPTION.findall(help_of(TOOL, verb) + "".join(help_of(TOOL, verb, word) for word in below(verb))))


def heading_of(verb, page):
    found = [name for name in page if verb.upper() in name.split() and name not in NO_VERBS]
    if len(found) != 1:
        raise AssertionError(f"{verb}: {found}")
    return found[0]


def sections(page):
    """The text of a manual under each heading, without scdoc's markup."""
    with open(os.path.join(DOCS, "man", page), encoding="utf-8") as stream:
        text = stream.read()
    parts = re.split(r"^# (.*)$", text, flags=re.M)
    plain = [re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)[*_]", "", part)) for part in parts[2::2]]
    return dict(zip(parts[1::2], plain))


def own_options(section):
    """Options that a section describes: its paragraphs that begin with one."""
    lines = [line for line in section.splitlines() if line.startswith("-")]
    return {option for line in lines for option in OPTION.findall(line)}


class ManTest(unittest.TestCase):
    def test_the_tools_verbs_are_those_of_its_manual(self):
        verbs = tool_verbs()
        page = sections("csp-milterctl.8.scd")
        self.assertGreaterEqual(len(verbs), 7)
        for verb in verbs:
            heading_of(verb, page)
            for word in below(verb):
                self.assertIn(f"csp-milterctl {verb} {word}", page["SYNOPSIS"])
        synopsis = set(re.findall(r"^csp-milterctl ([a-z]+)", page["SYNOPSIS"], flags=re.M))
        self.assertEqual(synopsis, set(verbs))

    def test_every_verbs_options_are_those_of_its_section(self):
        page = sections("csp-milterctl.8.scd")
        by_section = {}
        for verb in tool_verbs():
            by_section.setdefault(heading_of(verb, page), set()).update(options_of(verb))
        for heading, options in by_section.items():
            with self.subTest(heading):
                self.assertEqual(options - COMMON - own_options(page[heading]), set(), "in --help, not in the manual")
                self.assertEqual(own_options(page[heading]) - options, set(), "in the manual, not in --help")

    def test_the_daemons_options_are_those_of_its_manual(self):
        options = set(OPTION.findall(help_of(DAEMON)))
        described = own_options(sections("csp-milter.8.scd")["OPTIONS"])
        self.assertEqual(options - described, set(), "in --help, not in the manual")
        self.assertEqual(described - options, set(), "in the manual, not in --help")

    def test_the_guides_show_commands_that_there_are(self):
        shown = 0
        for name in sorted(os.listdir(DOCS)):
            if not name.endswith(".md"):
                continue
            with open(os.path.join(DOCS, name), encoding="utf-8") as stream:
                text = stream.read().replace("\\\n", " ")
            for verb, rest in re.findall(r"csp-milterctl ([a-z]+)([^\n`|]*)", text):
                with self.subTest(name, command=verb + rest):
                    self.assertIn(verb, tool_verbs())
                    self.assertEqual(set(OPTION.findall(rest.split("#")[0])) - options_of(verb), set())
                shown += 1
        self.assertGreater(shown, 10)


if __name__ == "__main__":
    DAEMON, TOOL, DOCS = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1])
