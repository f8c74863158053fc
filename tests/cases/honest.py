#!/usr/bin/env python3
"""Judge the honest corpus: odd but honest messages, none of which may be blocked, or flagged without a reason.

usage: honest.py --ctl CSP-MILTERCTL --conf CONF-FOLDER [--keep FOLDER] [NAME...]

honest/<kind>.txt holds the messages of one kind, each as

  == NAME
  options: what `explain` is told of the envelope and the client
  recipient: DISPOSITION RULE [MARK...]     one line for each --rcpt, in their order
  subject: TEXT                             optional: how the decoded subject reads
                                            (an empty line)
  the header section, as it is

Lines before the first message are a comment. The messages are judged by the rules, packs and directory that run.py's
cases have (common/). Then all their subjects are read with the packs of every language at once: the words of one language
must not make subscription mail of another's.
Exit status: 0 all passed, 1 some failed, 2 could not be run.
"""
import collections
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys

from run import HERE, NOON, Failure, Runner, differences, parser_of, run, run_in_folder

CORPUS = HERE / "honest"
HEAD = re.compile(r"^== (\S+)\n", re.MULTILINE)
NOT_SUBSCRIPTION = {"general", "service-notice"}  # rules that no subscription mail gets

Case = collections.namedtuple("Case", "kind name options expected message")


def read_case(kind, name, text):
    head, _, message = text.partition("\n\n")
    options, expected = [], {"recipients": []}
    for line in head.splitlines():
        key, _, value = line.partition(": ")
        if key == "options":
            options = shlex.split(value)
        elif key == "recipient":
            disposition, rule, *marks = value.split()
            expected["recipients"].append({"disposition": disposition, "rule": rule, "marks": marks})
        elif key == "subject":
            expected["subject"] = value
        else:
            raise Failure(f"{kind}: {name}: what is '{line}'?")
    if not expected["recipients"] or any(r["disposition"] == "block" for r in expected["recipients"]):
        raise Failure(f"{kind}: {name}: must expect something, and no block")
    return Case(kind, name, options, expected, message)


def read_corpus(names):
    cases = []
    for file in sorted(CORPUS.glob("*.txt")):
        # No universal newlines: a message may hold any line end.
        parts = HEAD.split(file.read_bytes().decode("utf-8", "surrogateescape"))[1:]
        cases += [read_case(file.stem, name, text) for name, text in zip(parts[::2], parts[1::2])]
    for name, count in collections.Counter(case.name for case in cases).items():
        if count > 1:
            raise Failure(f"two messages are called {name}")
    unknown = set(names) - {case.name for case in cases}
    if unknown:
        raise Failure(f"no such message: {', '.join(sorted(unknown))}")
    return [case for case in cases if not names or case.name in names]


class Judge(Runner):
    def __init__(self, ctl, conf, work):
        super().__init__(ctl, conf, work)
        self.conf_file = self.work / "common" / "csp-milter.conf"

    def decide(self, case):
        argv = [self.ctl, "explain", "-c", self.conf_file, "--json", "--at", NOON, *case.options, "-"]
        done = subprocess.run(argv, input=case.message.encode("utf-8", "surrogateescape"),
                              capture_output=True, timeout=120)
        if done.returncode != 0:
            return None, [f"explain: status {done.returncode}: {done.stderr.decode(errors='replace')}"]
        decision = json.loads(done.stdout)
        return decision, list(differences("", case.expected, decision))

    def read_in_all_languages(self, decisions):
        """What is wrong with each, read with every pack that is shipped: those of common/ are fewer."""
        subjects = self.work / "subjects"
        subjects.write_text("".join(" ".join((d["subject"] or "").split()) + "\n" for d in decisions), encoding="utf-8")
        done = run(self.ctl, "classify", "-c", self.all_languages(), "--tsv", subjects)
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        if done.returncode != 0 or len(lines) != len(decisions):
            raise Failure(f"classify: status {done.returncode}, {len(lines)} lines\n{done.stderr}")
        return [list(misread(decision, line[1], line[3])) for decision, line in zip(decisions, lines)]


def misread(decision, category, evidence):
    if category == "subscription" and any(r["rule"] in NOT_SUBSCRIPTION for r in decision["recipients"]):
        yield f"with the packs of all languages it is subscription mail: {evidence}"


def judge_all(args, work):
    cases = read_corpus(args.names)
    judge = Judge(args.ctl, args.conf, work)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(judge.decide, cases))
    judged = [index for index, (decision, _) in enumerate(results) if decision]
    for index, wrong in zip(judged, judge.read_in_all_languages([results[index][0] for index in judged])):
        results[index][1].extend(wrong)
    failed = 0
    for case, (_, wrong) in zip(cases, results):
        if wrong:
            failed += 1
            print(f"FAIL  {case.kind}: {case.name}")
            print("".join(f"      {line}\n" for line in wrong), end="")
    summarise(cases)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


def summarise(cases):
    for kind, count in collections.Counter(case.kind for case in cases).items():
        flags = sum(any(r["disposition"] == "flag" for r in case.expected["recipients"])
                    for case in cases if case.kind == kind)
        print(f"{kind:24} {count:4} messages, {flags:3} to be flagged")


def main():
    parser = parser_of("Judge the honest corpus.")
    parser.add_argument("names", nargs="*", help="names of messages; all without any")
    return run_in_folder(parser.parse_args(), judge_all)


if __name__ == "__main__":
    sys.exit(main())
