import json
import os
import struct

import verbs
from directories import LINES, DirectoryTest, lines

PAGE, HEAD = 4096, 16
LEAF = 0x02
ANEW = ("csp-milterctl: make it anew with 'csp-milterctl directory import --replace-all' from your exports or a packed copy; if that "
        "fails, in a new folder (--path) that then takes the place of this one\n")
ENDED = r"damaged: reading it ended the process \((signal|status) \d+\)"


class VerifyTest(DirectoryTest):
    def data(self):
        return os.path.join(self.directory, "data.mdb")

    def read(self):
        with open(self.data(), "rb") as stream:
            return stream.read()

    def change(self, at, content):
        with open(self.data(), "r+b") as stream:
            stream.seek(at)
            stream.write(content)

    def test_a_whole_directory_has_no_problem(self):
        self.fill()
        self.assert_says(self.run_directory("verify"), 0, "10 entries read, 0 problems\n", "")
        self.assertEqual(json.loads(self.run_directory("verify", "--json").out),
                         {"schema": "csp-milter/directory-verify/1", "path": self.directory, "problems": [], "entries": 10,
                          "complete": True})

    def test_a_changed_byte_is_found(self):
        self.fill()
        self.change(self.read().index(b"Kornblum"), b"X")
        result = self.run_directory("verify")
        self.assertEqual((result.status, result.err), (1, ANEW))
        problems = result.out.splitlines()
        self.assertIn("customer cccccccc-0000-0000-0000-000000000001: damaged: its checksum is wrong", problems)
        self.assertRegex(problems[-1], r"\A10 entries read, \d+ problems?\Z")
        answer = self.run_directory("verify", "--json")
        self.assertEqual(answer.status, 1)
        self.assertEqual(json.loads(answer.out)["problems"], problems[:-1])

    def test_a_page_that_ends_the_reader_is_damage(self):
        self.fill()
        content = self.read()
        leaves = [page for page in range(2, len(content) // PAGE)
                  if struct.unpack_from("<QHH", content, page * PAGE)[0::2] == (page, LEAF)]
        self.assertGreater(len(leaves), 3)
        for page in leaves:
            lower = struct.unpack_from("<H", content, page * PAGE + 12)[0]
            # Offsets that point behind the file's end.
            self.change(page * PAGE + HEAD, b"\xff" * (lower - HEAD))
        result = self.run_directory("verify")
        self.assertEqual(result.status, 1, result.err)
        self.assertRegex(result.out, rf"\A{ENDED}\n0 entries read, 1 problem\n\Z")
        self.assertTrue(result.err.endswith(ANEW), result.err)
        answer = json.loads(self.run_directory("verify", "--json").out)
        self.assertFalse(answer["complete"])
        self.assertRegex(answer["problems"][0], rf"\A{ENDED}\Z")

    def test_a_truncated_file_says_what_to_do(self):
        self.fill()
        os.truncate(self.data(), os.stat(self.data()).st_size - PAGE)
        self.assert_says(self.run_directory("verify"), 74, "",
                         f"csp-milterctl: {self.directory}: damaged, or a fault of the system\n" + ANEW)

    def test_an_import_that_replaces_all_heals_what_was_damaged(self):
        self.fill()
        self.change(self.read().index(b"Kornblum"), b"X")
        self.assertEqual(self.import_(lines(*LINES), "--replace-all").status, 0)
        self.assertEqual(self.run_directory("verify").status, 0)


if __name__ == "__main__":
    verbs.main()
