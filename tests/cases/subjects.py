#!/usr/bin/env python3
"""Subject lines of our own, a file a language, and what each must be taken for with the shipped packs together.

usage: subjects.py --ctl CSP-MILTERCTL --conf CONFIGURATION [LANGUAGE...]

subjects/LANGUAGE.tsv has a header row "category<TAB>subject" and a line each. Exit status: 0 all were, 1 some were not.
"""
import argparse
import csv
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "subjects"


def read(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def classify(args, path):
    done = subprocess.run([args.ctl, "classify", "-c", args.conf, "--tsv", str(path)], capture_output=True, text=True,
                          encoding="utf-8", timeout=60, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def check(args, path):
    """How many lines there are, and how many were taken for something else: those are printed."""
    rows, answers = read(path), classify(args, path)
    if len(rows) != len(answers):
        sys.exit(f"{path.name}: {len(answers)} answers to {len(rows)} subjects")
    wrong = 0
    for row, answer in zip(rows, answers):
        if answer[1] != row["category"]:
            wrong += 1
            print(f"{path.name}:{answer[0]}: {row['subject']}\n  expected {row['category']}, got {' '.join(answer[1:])}")
    return len(rows), wrong


def main():
    parser = argparse.ArgumentParser(description="Check the shipped packs on subject lines of our own.")
    parser.add_argument("--ctl", required=True, help="the csp-milterctl to test")
    parser.add_argument("--conf", required=True, help="the configuration that names the packs")
    parser.add_argument("languages", nargs="*", help="all without any")
    args = parser.parse_args()
    paths = [FOLDER / f"{name}.tsv" for name in args.languages] or sorted(FOLDER.glob("*.tsv"))
    results = [check(args, path) for path in paths]
    total, wrong = (sum(column) for column in zip(*results)) if results else (0, 0)
    print(f"{len(paths)} languages, {total} subjects, {wrong} taken for something else")
    return 1 if wrong or not total else 0


if __name__ == "__main__":
    sys.exit(main())
