"""Every action, behind both mail servers and by all roads into them: the reply, the sink and the queue tell one story.

What a recipient's verdict is says its local part ("reject-3@kornblum.example"), by lists of addresses that the rules ask for.
"""

import dataclasses
import functools
import json
import random
import re
import threading
import time

from rig.cases import VENDOR
from rig.client import compose
from rig.workspace import wait_until

CUSTOMER = "kornblum.example"
CONTACT = "csp@lindenhof.example"
COPIES = "copies@gateway.example"
NOTIFY = "notify@gateway.example"
EACH = 4  # addresses of each kind
KINDS = ("pass", "flag", "redirect", "quarantine", "tempfail", "reject")
MIXED = ("reject", "split", "hold")
GRAVITY = ("accept", "flag", "split", "redirect", "quarantine", "tempfail", "reject")
FLAG_HEADER = "X-CSP-Policy"


def address(kind, number=0):
    return f"{kind}-{number}@{CUSTOMER}"


def policy(mixed):
    lists = ", ".join(f'{{ name = "{kind}"; addresses = [ ' +
                      ", ".join(f'"{address(kind, number)}"' for number in range(EACH)) + " ]; }" for kind in KINDS)
    notify = f'notify = "{NOTIFY}"; ' if mixed == "split" else ""
    blocks = "".join(f'  {{ name = "{kind}"; recipient_list = "{kind}"; disposition = "block"; action = "{kind}"; }},\n'
                     for kind in KINDS[2:])
    return (f'address_lists = ( {lists} );\n'
            f'mixed_recipients = {{ action = "{mixed}"; {notify}}};\n'
            f'rules = (\n{blocks}'
            f'  {{ name = "flag"; recipient_list = "flag"; disposition = "flag"; copy_to = "{COPIES}"; }},\n'
            f'  {{ name = "pass"; disposition = "pass"; despite = "any"; }}\n);\n')


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What must become of a message: its action, and who has it then, whether delivered or held."""
    action: str
    recipients: frozenset

    @property
    def goes_on(self):
        return self.action in GRAVITY[:4]


def outcome_of(kinds, mixed):
    """From the manual, in words of its own: `kinds` maps recipients to what their verdicts ask for."""
    rejected = {to for to, kind in kinds.items() if kind == "reject"}
    others = set(kinds) - rejected
    if rejected and (not others or mixed == "reject"):
        return Outcome("reject", frozenset())
    asked = {"accept" if kind == "pass" else kind for to, kind in kinds.items() if to in others}
    if "tempfail" in asked:
        return Outcome("tempfail", frozenset())
    if rejected:
        asked.add("split" if mixed == "split" else "quarantine")
    redirected = {to for to, kind in kinds.items() if kind == "redirect"}
    have = set(kinds) - redirected
    if redirected:
        have.add(CONTACT)
    if "flag" in kinds.values():
        have.add(COPIES)
    if rejected and mixed == "split":
        have = (have - rejected) | {NOTIFY}
    return Outcome(max(asked, key=GRAVITY.index), frozenset(have))


class Wrong(Exception):
    """What was expected and what was found."""


def expect(what, found, wanted):
    if found != wanted:
        raise Wrong(f"{what}: {found!r}, expected {wanted!r}")


def message_to(kinds, message_id):
    fields = [("From", "office@vendor.example"), ("To", ", ".join(kinds)), ("Subject", "Programme"),
              ("Date", "Mon, 23 Nov 2026 10:00:00 +0000"), ("Message-ID", message_id)]
    return compose(fields)


REPLIES = {"reject": r"550 5\.7\.1 .*", "tempfail": r"451 4\.7\.1 .*"}


def check_arrival(gateway, record, outcome, held):
    """`held` gives the recipients of the messages that the mail server holds, by queue id."""
    message_id = record["message_id"]
    if outcome.goes_on:
        stored = gateway.sink.wait_for_id(message_id)
        wait_until(f"all copies of {message_id}",
                   lambda: {to for copy in gateway.sink.with_id(message_id) for to in copy.recipients} == outcome.recipients, 20)
        expect("flag header", stored.fields(FLAG_HEADER), [] if outcome.action == "accept" else [record["flag"]])
        return
    if outcome.action == "quarantine":
        expect("held for", set(held().get(record["queue_id"], ())), outcome.recipients)
    else:
        expect("held", record["queue_id"] in held(), False)
    expect("messages at the sink", gateway.sink.with_id(message_id), [])


def check_record(record, outcome):
    expect("action", record["action"], outcome.action)
    if outcome.action in REPLIES:
        expect("flag", record["flag"], None)
        return
    word = "" if outcome.action == "accept" else f"{outcome.action}; id={record['decision']}"
    expect("flag", record["flag"] or "", word)


def over_smtp(gateway, mta, mixed, kinds):
    lane, outcome = gateway.lane(mta, "enforce"), outcome_of(kinds, mixed)
    message_id = gateway.message_id()
    with lane.client(VENDOR) as client:
        reply = client.send("office@vendor.example", list(kinds), message_to(kinds, message_id))
    if not re.fullmatch(REPLIES.get(outcome.action, r"250 2\.0\.0 .*"), reply, re.DOTALL):
        raise Wrong(f"reply: {reply!r} for {outcome.action}")
    record = lane.filter.record(message_id)
    check_record(record, outcome)
    check_arrival(gateway, record, outcome, functools.partial(held_of, gateway, mta))


def held_of(gateway, mta):
    return gateway.sendmail.held() if mta == "sendmail" else gateway.postfix.queue("hold")


def check_report(gateway, record):
    """Who submits has no session to be answered in: a rejection comes back as a report with our text."""
    report = gateway.sink.wait(
        lambda stored: stored.reverse_path == "" and record["decision"].encode() in stored.data, "delivery report")
    expect("report goes to", report.recipients, ("office@vendor.example",))


def by_postfix_submission(gateway, mixed, kinds):
    outcome, message_id = outcome_of(kinds, mixed), gateway.message_id()
    gateway.postfix.submit("office@vendor.example", list(kinds), message_to(kinds, message_id).replace(b"\r\n", b"\n"))
    record = gateway.filters["enforce"].record(message_id)
    check_record(record, outcome)
    if outcome.action == "reject":
        check_report(gateway, record)
    check_arrival(gateway, record, outcome, functools.partial(held_of, gateway, "postfix"))
    if outcome.action == "tempfail":
        waiting = wait_until("the message waits", lambda: gateway.postfix.queue("maildrop"), 10)
        gateway.postfix.delete(waiting)


def by_sendmail_submission(gateway, mixed, kinds):
    outcome, message_id = outcome_of(kinds, mixed), gateway.message_id()
    gateway.sendmail.submit("enforce", "office@vendor.example", list(kinds),
                            message_to(kinds, message_id).replace(b"\r\n", b"\n"))
    record = gateway.filters["enforce"].record(message_id)
    check_record(record, outcome)
    if outcome.action == "reject":
        check_report(gateway, record)
    check_arrival(gateway, record, outcome, functools.partial(held_of, gateway, "sendmail"))
    waiting = gateway.sendmail.queue("client", "qf")
    expect("waits at the client", [sorted(to) for to in waiting.values()],
           [sorted(kinds)] if outcome.action == "tempfail" else [])
    gateway.sendmail.delete("client", waiting)


ROADS = {
    "postfix, SMTP": lambda gateway, mixed, kinds: over_smtp(gateway, "postfix", mixed, kinds),
    "postfix, sendmail(1)": by_postfix_submission,
    "sendmail, SMTP": lambda gateway, mixed, kinds: over_smtp(gateway, "sendmail", mixed, kinds),
    "sendmail, -bm": by_sendmail_submission,
}


def table():
    """Each action alone and beside a recipient that passes; where that makes the message mixed, by each setting."""
    for kind in KINDS:
        yield "reject", {address(kind): kind}
        for mixed in MIXED if kind == "reject" else MIXED[:1]:
            yield mixed, {address(kind): kind, address("pass", 1): "pass"}
    yield "split", {address("reject"): "reject", address("quarantine"): "quarantine", address("pass"): "pass"}
    yield "hold", {address("reject"): "reject", address("redirect"): "redirect", address("pass"): "pass"}


def monitor_changes_nothing(gateway, mta):
    """The same policy in monitor mode: everybody gets every message, byte for byte."""
    lane = gateway.lane(mta, "monitor")
    lane.filter.set_policy(policy("split"))
    for kind in KINDS:
        kinds, message_id = {address(kind): kind, address("pass", 1): "pass"}, gateway.message_id()
        copies = []
        for road in (gateway.lane(mta, "plain"), lane):
            with road.client(VENDOR) as client:
                reply = client.send("office@vendor.example", list(kinds), message_to(kinds, message_id))
            expect("reply", reply[:10], "250 2.0.0 ")
            wait_until("the copy", lambda: len(gateway.sink.with_id(message_id)) == len(copies) + 1, 20)
            copies.append(gateway.sink.with_id(message_id)[-1])
        expect(f"data, {kind}", copies[1].without_trace(), copies[0].without_trace())
        expect(f"envelope, {kind}", (copies[1].reverse_path, set(copies[1].recipients)), ("office@vendor.example", set(kinds)))
        record = lane.filter.record(message_id)
        expect("actions", (record["action"], record["would_action"]), ("accept", outcome_of(kinds, "split").action))


def counts_each_rule(gateway):
    """What was done and what would have been, by rule, in recipients."""
    enforced = {rule["name"]: rule for rule in gateway.filters["enforce"].status()["rules"]}
    watched = {rule["name"]: rule for rule in gateway.filters["monitor"].status()["rules"]}
    for kind in KINDS:
        expect(f"{kind}, enforced", enforced[kind]["done"] > 0 and enforced[kind]["would"] == 0, True)
        expect(f"{kind}, monitored", (watched[kind]["would"], watched[kind]["done"]), (14 if kind == "pass" else 2, 0))


def releases_what_was_held(gateway, mta):
    """The commands of the manual let it go, to those it was for, with the decision in its header."""
    server, kinds, message_id = getattr(gateway, mta), {address("quarantine", 2): "quarantine"}, gateway.message_id()
    lane = gateway.lane(mta, "enforce")
    set_mixed(gateway, "reject")
    with lane.client(VENDOR) as client:
        client.send("office@vendor.example", list(kinds), message_to(kinds, message_id))
    record = lane.filter.record(message_id)
    expect("held", record["queue_id"] in held_of(gateway, mta), True)
    server.release(record["queue_id"])
    stored = gateway.sink.wait_for_id(message_id)
    expect("envelope", stored.recipients, tuple(kinds))
    expect("flag header", stored.fields(FLAG_HEADER), [record["flag"]])
    expect("held", record["queue_id"] in held_of(gateway, mta), False)


def set_mixed(gateway, mixed):
    if gateway.mixed != mixed:
        gateway.filters["enforce"].set_policy(policy(mixed))
    gateway.mixed = mixed


def random_kinds(source):
    """1 to 20 recipients of all kinds, but mostly of a few, so that every action is met often."""
    kinds = source.sample(KINDS, source.choice((1, 2, 2, 2, 3, 3, 4, len(KINDS))))
    wanted = [(kind, number) for kind in kinds for number in range(EACH)]
    chosen = source.sample(wanted, min(len(wanted), source.randint(1, 20)))
    return {address(kind, number): kind for kind, number in chosen}


class Load:
    """Random messages through the real Postfix, several sessions at once; what became of each is counted."""

    SESSIONS = 8

    def __init__(self, gateway, mixed, count, seed):
        self._gateway = gateway
        self._mixed = mixed
        self._lock = threading.Lock()
        source = random.Random(seed)
        self._todo = [random_kinds(source) for _ in range(count)]
        self.sent = {}  # message id: kinds, outcome, reply
        self._failures = []

    def _work(self):
        with self._gateway.lane("postfix", "enforce").client(VENDOR) as client:
            while True:
                with self._lock:
                    if not self._todo:
                        return
                    kinds, message_id = self._todo.pop(), self._gateway.message_id()
                reply = client.send("office@vendor.example", list(kinds), message_to(kinds, message_id))
                with self._lock:
                    self.sent[message_id] = (kinds, outcome_of(kinds, self._mixed), reply)

    def _guarded(self):
        try:
            self._work()
        except Exception as error:  # pylint: disable=broad-except
            self._failures.append(error)

    def run(self):
        threads = [threading.Thread(target=self._guarded) for _ in range(self.SESSIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failures:
            raise self._failures[0]
        return self


def check_load(gateway, load):
    """Every recipient of every message: at the sink, held, or refused with a reply, and nowhere else."""
    wait_until("Postfix has delivered", lambda: not gateway.postfix.queue("active") and not gateway.postfix.queue("incoming"), 120)
    held = gateway.postfix.queue("hold")
    records = {record["message_id"]: record for record in gateway.filters["enforce"].records()}
    arrived = {}
    for stored in gateway.sink.all():
        arrived.setdefault(stored.message_id, set()).update(stored.recipients)
    counts = dict.fromkeys(GRAVITY, 0)
    for message_id, (kinds, outcome, reply) in load.sent.items():
        record = records[message_id]
        where = f"{sorted(kinds)} ({message_id})"
        expect(f"action for {where}", record["action"], outcome.action)
        wanted = REPLIES.get(outcome.action, r"250 2\.0\.0 .*")
        if not re.fullmatch(wanted, reply, re.DOTALL):
            raise Wrong(f"reply for {where}: {reply!r}")
        expect(f"sink for {where}", arrived.get(message_id, set()), set(outcome.recipients) if outcome.goes_on else set())
        expect(f"held for {where}", set(held.get(record["queue_id"], ())),
               set(outcome.recipients) if outcome.action == "quarantine" else set())
        counts[outcome.action] += 1
    return counts


def replay(gateway, since, count):
    """The policy that decided decides the same by what was recorded."""
    judge = gateway.filters["enforce"]
    found = json.loads(judge.control("replay", "--json", "-c", judge.conf, "--since", since))
    expect("replayed", (found["replayed"], found["changed"], found["recipients"]), (count, 0, []))


def random_messages(gateway, count):
    """Each setting for mixed recipients gets its share."""
    for index, mixed in enumerate(MIXED):
        set_mixed(gateway, mixed)
        share = count // len(MIXED) + (1 if index < count % len(MIXED) else 0)
        time.sleep(1)  # a second of its own begins
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        counts = check_load(gateway, Load(gateway, mixed, share, seed=index).run())
        print(f"        {mixed}: " + ", ".join(f"{number} {action}" for action, number in counts.items()))
        replay(gateway, since, share)
        held = gateway.postfix.queue("hold")
        expect("held messages", len(held), counts["quarantine"])
        gateway.postfix.delete(held)


def all_tests(gateway, messages):
    for mixed, kinds in sorted(table(), key=lambda entry: entry[0]):
        names = " and ".join(kind for kind in kinds.values())
        for road, test in ROADS.items():
            yield f"action, {mixed}, {road}: {names}", functools.partial(in_setting, gateway, mixed, test, kinds)
    for mta in ("postfix", "sendmail"):
        yield f"action, {mta}, monitor changes nothing", functools.partial(monitor_changes_nothing, gateway, mta)
        yield f"action, {mta}, what was held is released", functools.partial(releases_what_was_held, gateway, mta)
    yield "each rule's counts", functools.partial(counts_each_rule, gateway)
    yield "what was held is deleted", functools.partial(delete_held, gateway)
    yield f"{messages} random messages", functools.partial(random_messages, gateway, messages)


def in_setting(gateway, mixed, test, kinds):
    set_mixed(gateway, mixed)
    test(gateway, mixed, kinds)


def delete_held(gateway):
    held = gateway.postfix.queue("hold")
    expect("held", len(held) > 0 and len(gateway.sendmail.held()) > 0, True)
    gateway.postfix.delete(held)
    gateway.sendmail.delete("queue", gateway.sendmail.held())
