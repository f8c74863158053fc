"""The trial that packaging/try.sh runs: sample mail through a private Postfix, and what became of it."""

import argparse
import json
import os
import signal
import sys

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "mta"))

from rig.cases import CASES, DIRECTORY, OWN_DOMAIN, VENDOR  # noqa: E402
from rig.client import Client  # noqa: E402
from rig.milter import Filter  # noqa: E402
from rig.postfix import Postfix  # noqa: E402
from rig.sink import Sink  # noqa: E402
from rig.workspace import RigError, Workspace, wait_until  # noqa: E402

FLAG_HEADER = "X-CSP-Policy"
COLUMNS = ("message", "verdict", "rule", "SMTP reply", "stored", "journal", "")
REPLY_WIDTH = 34


def say(text):
    print(f"try: {text}", file=sys.stderr, flush=True)


class Gateway:
    """The filter in enforce mode, a Postfix in front of it and a sink behind."""

    def __init__(self, workspace, build):
        self.mail = workspace.folder("sink")
        self.samples = workspace.folder("samples")
        self.sink = Sink(self.mail)
        self.filter = Filter(workspace, "filter", build, os.path.join(SOURCE, "conf"), own_domains=[OWN_DOMAIN],
                             vendor_network=VENDOR + "/32", inet=True)
        say("importing the sample directory, packaging/try/directory.jsonl")
        self.filter.import_directory(DIRECTORY, "sample")
        say("starting csp-milter and a private Postfix")
        self.filter.start()
        self.postfix = Postfix(workspace, os.path.join(SOURCE, "build", "mta", "postfix"),
                               f"smtp:[127.0.0.1]:{self.sink.port}")
        self.port = self.postfix.listen("try", self.filter.endpoint.postfix)
        self.postfix.start()


class Outcome:
    """One sample message: what was sent, and what the client, the sink, the journal and `explain` say about it."""

    def __init__(self, gateway, number, case):
        self.case = case
        self.message_id = f"<{number}.{os.getpid()}@try.example>"
        self.path = os.path.join(gateway.samples, f"{number:02}.eml")
        message = case.message(self.message_id)
        with open(self.path, "wb") as file:
            file.write(message)
        with Client(gateway.port, case.client) as client:
            self.reply = client.send(case.envelope_sender, case.recipients, message)
        self.record = self.explained = None
        self.stored = []

    def collect(self, gateway):
        self.record = gateway.filter.record(self.message_id)
        if self.reply.startswith("2"):
            gateway.sink.wait_for_id(self.message_id)
        self.stored = gateway.sink.with_id(self.message_id)
        self.explained = self._explain(gateway.filter)

    def _explain(self, milter):
        recipients = [word for recipient in self.case.recipients for word in ("--rcpt", recipient)]
        sender = self.case.envelope_sender or "<>"
        return json.loads(milter.control("explain", "-c", milter.conf, "--json", "--client", self.case.client,
                                         "--from", sender, *recipients, self.path))

    def problems(self):
        """Everything in which the witnesses differ from each other or from what was expected."""
        case, record = self.case, self.record
        flags = [record["flag"]] if case.action == "flag" else []
        copies = 0 if case.action == "reject" else 1
        reply = record["reply"] if case.action == "reject" else "250"
        checks = (
            ("journal, verdicts", verdicts(record), case.verdicts),
            ("journal, action", record["action"], case.action),
            ("explain, verdicts", verdicts(self.explained), case.verdicts),
            ("explain, action", self.explained["action"], case.action),
            ("SMTP reply", self.reply[:len(reply or "")], reply),
            ("copies at the sink", len(self.stored), copies),
            ("recipients at the sink", [sorted(s.recipients) for s in self.stored], [sorted(case.recipients)] * copies),
            ("flag headers at the sink", [s.fields(FLAG_HEADER) for s in self.stored], [flags] * copies),
        )
        return [f"{what}: {found!r}, expected {wanted!r}" for what, found, wanted in checks if found != wanted]

    def row(self):
        found = list(verdicts(self.record).values())
        reply = self.reply if len(self.reply) <= REPLY_WIDTH else self.reply[:REPLY_WIDTH - 1] + "…"
        flagged = any(stored.fields(FLAG_HEADER) for stored in self.stored)
        stored = "flagged" if flagged else "unchanged" if self.stored else "nothing"
        category = self.record["category"]["name"]
        return (self.case.name, " + ".join(verdict for verdict, _ in found), " + ".join(rule for _, rule in found),
                reply, stored, f"{self.record['action']}, {category}", "WRONG" if self.problems() else "ok")


def verdicts(record):
    return {entry["address"].strip("<>"): (entry["disposition"], entry["rule"]) for entry in record["recipients"]}


def paint(text, code):
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{code}m{text}\033[0m"


def print_table(outcomes):
    rows = [outcome.row() for outcome in outcomes]
    widths = [max(len(row[column]) for row in (COLUMNS, *rows)) for column in range(len(COLUMNS))]
    print(paint("  ".join(f"{name:{width}}" for name, width in zip(COLUMNS, widths)).rstrip(), "1"))
    for row in rows:
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths)]
        cells[-1] = paint(row[-1], "32" if row[-1] == "ok" else "31")
        print("  ".join(cells))
    for outcome in outcomes:
        for problem in outcome.problems():
            print(paint(f"{outcome.case.name}: {problem}", "31"))


def send_samples(gateway):
    say(f"sending {len(CASES)} messages over SMTP")
    outcomes = [Outcome(gateway, number, case) for number, case in enumerate(CASES, 1)]
    wait_until("Postfix's queue is empty", gateway.postfix.queue_is_empty, 30)
    for outcome in outcomes:
        outcome.collect(gateway)
    return outcomes


HOW_TO = """
It goes on running. Mail that it lets through is kept in {mail}, the samples are in {samples}.

Send more, with Debian's swaks (the client's address proves who sends: {vendor} is the vendor, 127.0.0.11 the partner of record):
  swaks --server 127.0.0.1:{port} --local-interface {vendor} --from microsoft-noreply@microsoft.com \\
        --to anna@kornblum.example --header 'Subject: Your Microsoft 365 subscription renews soon'

See what was decided, and why:
  {ctl} review list -c {conf}
  {ctl} review report -c {conf} -o report.html
  {ctl} explain -c {conf} --client {vendor} --from microsoft-noreply@microsoft.com \\
        --rcpt anna@kornblum.example {samples}/04.eml

Plug this filter into your own Postfix (its directory knows invented customers only, so your own mail passes):
  postconf -e 'smtpd_milters = {postfix}' 'milter_default_action = tempfail' && postfix reload
or into your own Sendmail, in sendmail.mc (a filter that stays should have a unix socket there):
  INPUT_MAIL_FILTER(`csp-milter', `S={libmilter}, F=T, T=S:30s;R:30s;E:60s')

Stop it, and remove everything it made:
  kill {pid}
"""


def print_how_to(gateway, build):
    print(HOW_TO.format(
        mail=gateway.mail, samples=gateway.samples, vendor=VENDOR, port=gateway.port, conf=gateway.filter.conf,
        ctl=os.path.join(build, "csp-milterctl"), postfix=gateway.filter.endpoint.postfix,
        libmilter=gateway.filter.endpoint.libmilter, pid=os.getpid()))


def go_on_in_background(result, status):
    """Leaves the exit status for try.sh, lets go of its output, and waits for the signal that ends it."""
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    with open(result, "w") as file:
        file.write(f"{status}\n")
    while True:
        signal.pause()


def trial(workspace, options):
    gateway = Gateway(workspace, options.build)
    outcomes = send_samples(gateway)
    print_table(outcomes)
    say("the review list, csp-milterctl review list:")
    print(f"\n{gateway.filter.control('review', 'list', '-c', gateway.filter.conf)}", end="", flush=True)
    wrong = sum(1 for outcome in outcomes if outcome.problems())
    print(f"\n{len(outcomes) - wrong} of {len(outcomes)} messages were treated as the decision table says.")
    status = 1 if wrong else 0
    if options.keep:
        print_how_to(gateway, options.build)
        go_on_in_background(options.keep, status)
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="where the programs are")
    parser.add_argument("--keep", metavar="FILE", help="go on running; write the exit status to FILE")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")
    try:
        with Workspace() as workspace:
            return trial(workspace, options)
    except RigError as error:
        say(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
