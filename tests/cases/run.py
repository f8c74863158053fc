#!/usr/bin/env python3
"""Run the cases: each is a message, its envelope and what the filter must decide about it.

usage: run.py --ctl CSP-MILTERCTL --conf CONF-FOLDER [--keep FOLDER] [CASE...]

A case is a folder:
  message.eml      the message
  case.json        "about" (a sentence), "from", "rcpt", and optionally "login", "client", "listener",
                   "cert_subject", "at"; "directory": false runs without one
  expected.json    what `explain --json` must say: names that are absent are not looked at, lists are compared whole
  directory.jsonl  optional; else the one of common/
  *.conf, *.list   optional; each takes the place of the file of that name of common/

In .conf files ${conf} is a copy of the shipped configuration, ${directory} the imported directory and ${cache} a place for
compiled phrases.
Exit status: 0 all passed, 1 some failed, 2 could not be run.
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import string
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema

HERE = Path(__file__).resolve().parent
COMMON = HERE / "common"
SCHEMA = HERE.parent.parent / "docs" / "csp-milter-decision.schema.json"
NOON = "2026-06-20T12:00:00Z"
OPTIONS = {"login": "--login", "client": "--client", "listener": "--listener", "cert_subject": "--cert-subject"}


class Failure(Exception):
    """What is wrong with a case, for a person."""


def run(*argv):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, encoding="utf-8", timeout=120)


class Runner:
    def __init__(self, ctl, conf, work):
        self.ctl = ctl
        self.work = Path(work)
        self.schema = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
        self.shipped = self.work / "shipped"
        shutil.copytree(conf, self.shipped)
        for path in [self.shipped, *self.shipped.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        self.common_directory = self.work / "directory"
        self.write_conf(self.work / "common", [COMMON], self.common_directory)
        self.import_directory(self.work / "common", COMMON / "directory.jsonl")

    def write_conf(self, target, folders, directory):
        target.mkdir(mode=0o755)
        # The compiled phrases are the same for all cases but those with packs of their own.
        cache = (self.work if len(folders) == 1 or not list(folders[1].glob("pack*.conf")) else target) / "phrases.cache"
        for folder in folders:
            for source in [*folder.glob("*.conf"), *folder.glob("*.list")]:
                text = string.Template(source.read_text(encoding="utf-8")).safe_substitute(
                    conf=self.shipped, directory=directory, cache=cache)
                path = target / source.name
                path.write_text(text, encoding="utf-8")
                path.chmod(0o644)

    def all_languages(self):
        """A configuration with every pack that is shipped."""
        packs = sorted(self.shipped.glob("categories/*.conf")) + sorted(self.shipped.glob("packs/*.conf"))
        conf = self.work / "all-languages.conf"
        conf.write_text(f'classification = {{ cache = "{self.work}/all-phrases.cache"; packs = {json.dumps([str(p) for p in packs])}; }};\n'
                        f'@include "{self.shipped}/policy.conf"\n', encoding="utf-8")
        conf.chmod(0o644)
        return conf

    def import_directory(self, conf, file):
        done = run(self.ctl, "directory", "import", "-c", conf / "csp-milter.conf", "--source", "cases", file)
        if done.returncode != 0:
            raise Failure(f"import of {file}: status {done.returncode}\n{done.stdout}{done.stderr}")

    def prepare(self, case, details):
        """The case's configuration; its own directory is imported, the common one is there."""
        target = self.work / case.name
        own = case / "directory.jsonl"
        if not details.get("directory", True):
            directory = target / "no-directory"
        else:
            directory = target / "directory" if own.exists() else self.common_directory
        self.write_conf(target, [COMMON, case], directory)
        if own.exists():
            self.import_directory(target, own)
        return target / "csp-milter.conf"

    def ask(self, conf, details, message):
        """The decision about a message in a file; `details` are those of a case.json."""
        argv = ["explain", "-c", conf, "--json"]
        argv += ["--at", details.get("at", NOON), "--from", details["from"]]
        for recipient in details["rcpt"]:
            argv += ["--rcpt", recipient]
        for name, option in OPTIONS.items():
            if name in details:
                argv += [option, details[name]]
        done = run(self.ctl, *argv, message)
        if done.returncode != 0:
            raise Failure(f"explain: status {done.returncode}\n{done.stderr}")
        decision = json.loads(done.stdout)
        for error in self.schema.iter_errors(decision):
            raise Failure(f"not of the schema: {error.json_path}: {error.message}")
        return decision

    def replay(self, conf, decision, folder):
        """Decided again by its record and by the same configuration it is the same; without a directory nothing is."""
        journal = folder / "journal.jsonl"
        journal.write_text(json.dumps({**decision, "decision": "0" * 26}) + "\n", encoding="utf-8")
        done = run(self.ctl, "replay", "-c", conf, "--journal", journal, "--since", "2000-01-01", "--json")
        if done.returncode != 0 or json.loads(done.stdout)["replayed"] != 1:
            raise Failure(f"replay: status {done.returncode}\n{done.stdout}{done.stderr}")

    def explain(self, case):
        details = json.loads((case / "case.json").read_text(encoding="utf-8"))
        conf = self.prepare(case, details)
        decision = self.ask(conf, details, case / "message.eml")
        if details.get("directory", True):
            self.replay(conf, decision, self.work / case.name)
        return decision

    def check(self, case):
        """A list of differences; empty when the case passed."""
        try:
            decision = self.explain(case)
            expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
        except (Failure, OSError, KeyError, ValueError, subprocess.TimeoutExpired) as error:
            return [str(error)]
        return list(differences("", expected, decision))


def differences(path, expected, got):
    if isinstance(expected, dict) and isinstance(got, dict):
        for name, value in expected.items():
            if name not in got:
                yield f"{path}.{name}: is missing"
            else:
                yield from differences(f"{path}.{name}", value, got[name])
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (want, have) in enumerate(zip(expected, got)):
            yield from differences(f"{path}[{index}]", want, have)
    elif expected != got or type(expected) is not type(got):
        yield f"{path}: expected {json.dumps(expected)}, got {json.dumps(got)}"


def find_cases(names):
    cases = sorted(p.parent for p in HERE.glob("*/case.json"))
    if not names:
        return cases
    unknown = set(names) - {c.name for c in cases}
    if unknown:
        sys.exit(f"run.py: no such case: {', '.join(sorted(unknown))}")
    return [c for c in cases if c.name in names]


def run_all(args, work):
    cases = find_cases(args.cases)
    runner = Runner(args.ctl, args.conf, work)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, wrong in zip(cases, pool.map(runner.check, cases)):
            print(f"{'FAIL' if wrong else 'pass'}  {case.name}")
            for line in wrong:
                print(f"      {line}")
            failed += bool(wrong)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


def parser_of(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--ctl", required=True, help="the csp-milterctl to test")
    parser.add_argument("--conf", required=True, help="the folder of the shipped configuration")
    parser.add_argument("--keep", help="leave what was run in this folder, which must not exist")
    return parser


def run_in_folder(args, job):
    """The exit status of job(args, folder); the folder is removed behind it unless --keep names it."""
    try:
        if args.keep:
            Path(args.keep).mkdir(mode=0o755)
            return job(args, args.keep)
        with tempfile.TemporaryDirectory(prefix="csp-cases.") as work:
            return job(args, work)
    except (Failure, OSError, subprocess.TimeoutExpired) as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return 2


def main():
    parser = parser_of("Run the decision cases.")
    parser.add_argument("cases", nargs="*", help="names of cases; all without any")
    return run_in_folder(parser.parse_args(), run_all)


if __name__ == "__main__":
    sys.exit(main())
