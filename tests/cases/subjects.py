#!/usr/bin/env python3
"""Subject lines of our own, a file a language, and what each must be taken for with the packs of all languages together: the
words of one language must not mean something else in another.

usage: subjects.py --ctl CSP-MILTERCTL --conf CONF-FOLDER [--keep FOLDER] [LANGUAGE...]

subjects/LANGUAGE.tsv has a header row "category<TAB>subject" and a line each. Exit status: 0 all were, 1 some were not, 2 could
not be run.
"""
import csv
import sys

from run import HERE, Failure, Runner, parser_of, run, run_in_folder

FOLDER = HERE / "subjects"


def read(paths):
    """Of every line: where it stands, its category, its subject."""
    for path in paths:
        with open(path, encoding="utf-8", newline="") as stream:
            for number, row in enumerate(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE), 2):
                yield f"{path.name}:{number}", row["category"], row["subject"]


def classify(runner, rows):
    subjects = runner.work / "subjects"
    subjects.write_text("".join(subject + "\n" for _, _, subject in rows), encoding="utf-8")
    done = run(runner.ctl, "classify", "-c", runner.all_languages(), "--tsv", subjects)
    answers = [line.split("\t") for line in done.stdout.splitlines()]
    if done.returncode != 0 or len(answers) != len(rows):
        raise Failure(f"classify: status {done.returncode}, {len(answers)} answers to {len(rows)} subjects\n{done.stderr}")
    return answers


def check_all(args, work):
    paths = [FOLDER / f"{name}.tsv" for name in args.languages] or sorted(FOLDER.glob("*.tsv"))
    rows = list(read(paths))
    wrong = 0
    for (place, category, subject), answer in zip(rows, classify(Runner(args.ctl, args.conf, work), rows)):
        if answer[1] != category:
            wrong += 1
            print(f"{place}: {subject}\n  expected {category}, got {' '.join(answer[1:])}")
    print(f"{len(paths)} languages, {len(rows)} subjects, {wrong} taken for something else")
    return 1 if wrong or not rows else 0


def main():
    parser = parser_of("Check the shipped packs on subject lines of our own.")
    parser.add_argument("languages", nargs="*", help="all without any")
    return run_in_folder(parser.parse_args(), check_all)


if __name__ == "__main__":
    sys.exit(main())
