#!/usr/bin/env python3
"""The sample packs of the documentation beside the shipped ones: they load, and what they are for is found.

usage: samples_test.py CSP_MILTERCTL SOURCE
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

SUBJECTS = {
    "Your AWS savings plans are about to end": ("subscription", ["aws"]),
    "EC2 instance scheduled for retirement": ("operational", []),
    "Amazon RDS: operational issue in Frankfurt": ("incident", ["aws"]),
    "Google Workspace flexible plan: 12 users added": ("subscription", ["google-workspace"]),
    "Workspace Updates: what is new for admins": ("operational", []),
    "BigQuery committed use ends in May": ("subscription", ["google-cloud"]),
    "Your VIP membership: anniversary date in 30 days": ("subscription", []),
    "VIP-2026-004711 for Creative Cloud": ("subscription", ["adobe-creative-cloud"]),
    "Acrobat tips and tricks": ("other", ["adobe-acrobat"]),
}
CONF = 'classification = {{ packs = [ "{0}/categories", "{0}/packs" ]; }};\nrules = ( {{ name = "all"; disposition = "pass"; }} );\n'


def main():
    ctl, source = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="csp-samples-") as folder:
        conf = pathlib.Path(folder)
        shutil.copytree(source / "conf" / "categories", conf / "categories")
        shutil.copytree(source / "conf" / "packs", conf / "packs")
        for sample in (source / "docs" / "samples").glob("*.conf"):
            shutil.copy(sample, conf / "packs")
        (conf / "site.conf").write_text(CONF.format(folder))
        subprocess.run(["chmod", "-R", "go-w", folder], check=True)
        done = subprocess.run([ctl, "classify", "-c", str(conf / "site.conf"), "--json"], capture_output=True, text=True,
                              input="".join(subject + "\n" for subject in SUBJECTS))
    if done.returncode != 0:
        sys.exit(done.stderr)
    wrong = 0
    for line in done.stdout.splitlines():
        found = json.loads(line)
        expected = SUBJECTS[found["subject"]]
        if (found["category"], found["products"]) != expected:
            print(f"{found['subject']}: {found['category']}, {found['products']}, not {expected}: {found['evidence']}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
