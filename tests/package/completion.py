#!/usr/bin/env python3
"""What bash completes is what the programs' help names.

usage: completion.py SOURCE PATH-OF-csp-milter PATH-OF-csp-milterctl
"""

import re
import subprocess
import sys
import unittest

SCRIPT = r"""
source "$1/packaging/completion/csp-milterctl"
compopt() { echo "FILES"; }
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_csp_milter "$1"
printf '%s\n' "${COMPREPLY[@]}"
"""


class CompletionTest(unittest.TestCase):
    def completed(self, *words):
        done = subprocess.run(["bash", "-c", SCRIPT, "bash", SOURCE, *words], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return set(done.stdout.split())

    def help_of(self, *words):
        return subprocess.run([*words, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout

    def test_verbs_and_what_stands_below_them(self):
        verbs = set(re.findall(r"^  ([a-z]+)  ", self.help_of(TOOL), flags=re.M))
        self.assertIn("review", verbs)
        self.assertEqual(self.completed(TOOL, ""), verbs)
        self.assertEqual(self.completed(TOOL, "re"), {"review", "replay", "reload"})
        self.assertEqual(self.completed(TOOL, "directory", ""), {"import", "get", "put", "delete", "export", "stats", "verify"})
        self.assertEqual(self.completed(TOOL, "review", "s"), {"show", "stats"})

    def test_options_of_every_verb(self):
        for words in ([TOOL, "check"], [TOOL, "directory", "import"], [TOOL, "review", "list"], [TOOL, "replay"], [DAEMON]):
            named = set(re.findall(r"^ +(?:-[a-zA-Z], )?(--[a-z-]+)", self.help_of(*words), flags=re.M))
            self.assertIn("--config", named)
            self.assertEqual(self.completed(*words, "--"), named)
        self.assertEqual(self.completed(TOOL, "review", "--since", "7d", "--so"), {"--sort"})
        self.assertEqual(self.completed(TOOL, "explain", "mail.eml", "--r"), {"--rcpt"})

    def test_files_where_nothing_else_fits(self):
        self.assertEqual(self.completed(TOOL, "explain", "mail"), {"FILES"})


if __name__ == "__main__":
    SOURCE, DAEMON, TOOL = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
