"""What must hold behind both mail servers. Each test is a name and a function that raises when it does not hold."""

import functools
import re

from rig.cases import ANNA, ANYONE, CASES, LINDENHOF, LUC, NOBODY, VENDOR, case
from rig.client import compose

FLAG_HEADER = "X-CSP-Policy"
FLAG = r"flag; id=[0-9a-hjkmnp-tv-z]{26}"
MTAS = ("postfix", "sendmail")
ACCEPTED = r"250 2\.0\.0 .*"

BLOCKED_CASE = next(c for c in CASES if c.action == "reject" and len(c.recipients) == 1 and c.client == VENDOR)
FLAGGED_CASE = next(c for c in CASES if c.action == "flag" and c.client == VENDOR)
PASSED_CASE = next(c for c in CASES if c.name == "anything else")


class Wrong(Exception):
    """What was expected and what was found."""


def expect(what, found, wanted):
    if found != wanted:
        raise Wrong(f"{what}: {found!r}, expected {wanted!r}")


def expect_match(what, found, pattern):
    if not re.fullmatch(pattern, found, re.DOTALL):
        raise Wrong(f"{what}: {found!r}, expected {pattern!r}")


def send(gateway, lane, case_, fields=()):
    """Sends the case in a session of its own: message id and the reply."""
    message_id = gateway.message_id()
    with lane.client(case_.client) as client:
        return message_id, transact(client, case_, message_id, fields)


def transact(client, case_, message_id, fields=()):
    message = b"".join(f"{name}: {body}\r\n".encode() for name, body in fields) + case_.message(message_id)
    return client.send(case_.envelope_sender, case_.recipients, message)


def verdicts_of(record):
    return {entry["address"].strip("<>"): (entry["disposition"], entry["rule"]) for entry in record["recipients"]}


def check_outcome(gateway, lane, case_, message_id, reply):
    """The reply, the journal and the sink tell the same story, and it is the expected one."""
    record = lane.filter.record(message_id)
    expect("verdicts", verdicts_of(record), case_.verdicts)
    expect("action", record["action"], case_.action)
    if case_.action == "reject":
        expect("reply", reply, record["reply"])
        expect_match("reply", reply, r"550 5\.7\.1 .*" + re.escape(record["decision"]) + ".*")
        expect("messages at the sink", gateway.sink.with_id(message_id), [])
        return
    expect_match("reply", reply, ACCEPTED)
    stored = gateway.sink.wait_for_id(message_id)
    expect("envelope", sorted(stored.recipients), sorted(case_.recipients))
    wanted = [record["flag"]] if case_.action == "flag" else []
    expect("flag header", stored.fields(FLAG_HEADER), wanted)
    if wanted:
        expect_match("flag header", record["flag"], FLAG)
    expect("queue id", record["queue_id"] in stored.header["Received"], True)


def decides(gateway, lane, case_):
    message_id, reply = send(gateway, lane, case_)
    check_outcome(gateway, lane, case_, message_id, reply)


def same_record(gateway, case_):
    """Both mail servers give the filter the same message, so all it finds in it must be the same."""
    records = []
    for mta in MTAS:
        lane = gateway.lane(mta, "enforce")
        message_id, _ = send(gateway, lane, case_)
        records.append(lane.filter.record(message_id))
    for name in ("reverse_path", "subject", "authors", "category", "products", "lists", "marks", "recipients",
                 "action", "would_action"):
        expect(name, records[1][name], records[0][name])


def removes_forged_headers(gateway, lane, case_):
    forged = [(FLAG_HEADER, "pass; trust me"), ("x-csp-policy", "flag; id=aaaaaaaaaaaaaaaaaaaaaaaaaa")]
    message_id, reply = send(gateway, lane, case_, forged)
    check_outcome(gateway, lane, case_, message_id, reply)


def removes_untrusted_tags(gateway, lane, case_):
    """Every copy of a tag goes, whatever its case and place, and nothing else; who may set tags keeps them."""
    tags = [("X-Mailgun-Tag", "one"), ("X-Other", "stays"), ("x-mailgun-tag", "two"), ("X-MAILGUN-TAG", "three"), ("X-PM-Tag", "four")]
    message_id, reply = send(gateway, lane, case_, tags)
    check_outcome(gateway, lane, case_, message_id, reply)
    trusted = case_.client == VENDOR
    stored = gateway.sink.wait_for_id(message_id)
    for name in ("X-Mailgun-Tag", "X-PM-Tag"):
        sent = [body for field, body in tags if field.lower() == name.lower()]
        expect(name, stored.fields(name), sent if trusted else [])
    expect("X-Other", stored.fields("X-Other"), ["stays"])
    removed = {entry["field"]: entry["count"] for entry in lane.filter.record(message_id)["removed"]}
    expect("removed", removed, {} if trusted else {"x-mailgun-tag": 3, "x-pm-tag": 1})


def monitor_changes_nothing(gateway, mta, case_):
    forged = [(FLAG_HEADER, "pass; trust me")]
    lane = gateway.lane(mta, "monitor")
    with gateway.lane(mta, "plain").client(case_.client) as client:
        message_id = gateway.message_id()
        expect_match("reply without a filter", transact(client, case_, message_id, forged), ACCEPTED)
        plain = gateway.sink.wait_for_id(message_id)
    with lane.client(case_.client) as client:
        expect_match("reply", transact(client, case_, message_id, forged), ACCEPTED)
    watched = gateway.sink.wait(lambda stored: stored.message_id == message_id and stored is not plain, "second copy")
    expect("data", watched.without_trace(), plain.without_trace())
    expect("envelope", (watched.reverse_path, set(watched.recipients)), (plain.reverse_path, set(plain.recipients)))
    record = lane.filter.record(message_id)
    expect("action", record["action"], "accept")
    expect("would_action", record["would_action"], case_.action)


def session_keeps_messages_apart(gateway, lane):
    """A block, a flag and a pass in one session, each judged alone."""
    with lane.client(VENDOR) as client:
        for case_ in (BLOCKED_CASE, FLAGGED_CASE, BLOCKED_CASE, FLAGGED_CASE):
            message_id = gateway.message_id()
            reply = transact(client, case_, message_id)
            check_outcome(gateway, lane, case_, message_id, reply)
    with lane.client(PASSED_CASE.client) as client:
        for _ in range(5):
            message_id = gateway.message_id()
            check_outcome(gateway, lane, PASSED_CASE, message_id, transact(client, PASSED_CASE, message_id))


def reset_forgets(gateway, lane):
    """RSET after RCPT: neither the recipients nor the sender of the message given up count for the next."""
    message_id = gateway.message_id()
    harmless = case("to nobody", VENDOR, BLOCKED_CASE.author, BLOCKED_CASE.subject,
                    {NOBODY: ("pass", "not-a-customer")})
    with lane.client(VENDOR) as client:
        client.mail("old@lindenhof.example")
        client.recipient(ANNA)
        client.recipient(LUC)
        expect_match("RSET", client.reset(), r"250 .*")
        check_outcome(gateway, lane, harmless, message_id, transact(client, harmless, message_id))
    expect("reverse_path", lane.filter.record(message_id)["reverse_path"].strip("<>"), harmless.author)


def disconnect_in_the_middle(gateway, lane):
    """Clients that vanish leave a filter that still answers."""
    for _ in range(3):
        client = lane.client(VENDOR)
        client.mail("a@microsoft.com")
        client.recipient(ANNA)
        client.vanish()
    decides(gateway, lane, BLOCKED_CASE)


PROVEN_CASE = case("proven otherwise", "127.0.0.1", "billing@lindenhof.example",
                   "Your Microsoft 365 subscription renews on 1 December", {ANNA: ("pass", "partner-of-record")})
UNPROVEN_CASE = case("not proven", "127.0.0.1", PROVEN_CASE.author, PROVEN_CASE.subject,
                     {ANNA: ("block", "subscription")})


def proves_by_listener(gateway, mta):
    lane = gateway.lane(mta, "lindenhof")
    decides(gateway, lane, PROVEN_CASE)
    expect("listener", lane.filter.records()[-1]["client"]["listener"], "lindenhof")
    decides(gateway, gateway.lane(mta, "enforce"), UNPROVEN_CASE)


def proves_by_login(gateway):
    lane = gateway.lane("postfix", "enforce")
    for login, case_ in (("lindenhof", PROVEN_CASE), ("somebody", UNPROVEN_CASE)):
        message_id = gateway.message_id()
        with lane.client(login=login) as client:
            reply = transact(client, case_, message_id)
        check_outcome(gateway, lane, case_, message_id, reply)
        expect("login", lane.filter.record(message_id)["client"]["login"], login)


def submits(gateway, case_):
    """sendmail(1) has no client to refuse: a refusal becomes a delivery report with our text."""
    lane = gateway.lane("postfix", "enforce")
    message_id = gateway.message_id()
    gateway.postfix.submit(case_.envelope_sender, case_.recipients, case_.message(message_id).replace(b"\r\n", b"\n"))
    record = lane.filter.record(message_id)
    expect("verdicts", verdicts_of(record), case_.verdicts)
    if case_.action != "reject":
        stored = gateway.sink.wait_for_id(message_id)
        expect("flag header", stored.fields(FLAG_HEADER), [record["flag"]] if case_.action == "flag" else [])
        return
    report = gateway.sink.wait(
        lambda stored: stored.reverse_path == "" and record["decision"].encode() in stored.data, "delivery report")
    expect("report goes to", report.recipients, (case_.envelope_sender,))
    expect("messages at the sink", gateway.sink.with_id(message_id), [])


def submission_cases():
    """The client of a submission is the gateway itself, which proves nobody."""
    return (
        PASSED_CASE,
        case("subscription from nobody we know", "127.0.0.1", "shop@elsewhere.example", PROVEN_CASE.subject,
             {ANNA: ("block", "subscription")}),
        case("product outside CSP", "127.0.0.1", "shop@elsewhere.example",
             "Your Windows Server subscription expires soon", {ANNA: ("flag", "unlisted-product")}),
    )


def takes_awkward_mail(gateway, lane, name):
    """Headers that stretch the protocol: what is stored is what was sent, and there is a decision."""
    fields = AWKWARD[name]
    message_id = gateway.message_id()
    data = compose([("From", ANNA), ("To", NOBODY), ("Message-ID", message_id), *fields])
    with lane.client(ANYONE) as client:
        expect_match("reply", client.send("sender@elsewhere.example", [ANNA], data), ACCEPTED)
    gateway.sink.wait_for_id(message_id)
    expect("action", lane.filter.record(message_id)["action"] in ("accept", "flag"), True)


AWKWARD = {
    "a thousand fields": [(f"X-Field-{number}", "xxxx") for number in range(1000)],
    "a field of 20 KB": [("Subject", "programme"), ("X-Long", " ".join(["word"] * 4000).replace(" ", "\n ", 3999))],
    "a raw eight-bit subject": [("Subject", "Programm f\u00fcr Donnerstag \u2014 \u4e2d\u6587")],
    "an empty subject": [("Subject", "")],
    "a field body of blanks": [("X-Blank", "   "), ("Subject", "programme")],
}


def judges_outbound_mail_alone(gateway, mta):
    """What a content filter hands back was judged before: it passes as it is, and is counted."""
    lane = gateway.lane(mta, "reinjected")
    before = lane.filter.status()["counters"]
    message_id, reply = send(gateway, lane, BLOCKED_CASE, [(FLAG_HEADER, "flag; id=aaaaaaaaaaaaaaaaaaaaaaaaaa")])
    expect_match("reply", reply, ACCEPTED)
    stored = gateway.sink.wait_for_id(message_id)
    expect("flag header", stored.fields(FLAG_HEADER), ["flag; id=aaaaaaaaaaaaaaaaaaaaaaaaaa"])
    expect("records", [r for r in lane.filter.records() if r["message_id"] == message_id], [])
    after = lane.filter.status()["counters"]
    expect("not judged", after["not_outbound"] - before["not_outbound"], 1)
    expect("judged", after["messages"] - before["messages"], 0)


def takes_pipelined_envelopes(gateway, lane):
    """MAIL, RCPT and DATA in one packet, three messages in a session, a rejected one between."""
    with lane.client(VENDOR) as client:
        for case_ in (FLAGGED_CASE, BLOCKED_CASE, FLAGGED_CASE):
            message_id = gateway.message_id()
            reply = client.pipelined(case_.envelope_sender, case_.recipients, case_.message(message_id))
            check_outcome(gateway, lane, case_, message_id, reply)


def takes_smtputf8(gateway, lane):
    """Addresses and header fields in raw UTF-8 (RFC 6531): the customer is found, the subject is read."""
    message_id = gateway.message_id()
    recipient = "j\u00fcrgen@kornblum.example"
    data = compose([("From", "R\u00e9mi <r\u00e9mi@elsewhere.example>"), ("To", recipient),
                    ("Subject", "Votre abonnement Microsoft 365 arrive \u00e0 expiration"), ("Message-ID", message_id)])
    with lane.client(ANYONE) as client:
        reply = client.pipelined("r\u00e9mi@elsewhere.example", [recipient], data, " SMTPUTF8")
    record = lane.filter.record(message_id)
    expect("verdicts", verdicts_of(record), {recipient: ("block", "subscription")})
    expect("reply", reply, record["reply"])
    expect("messages at the sink", gateway.sink.with_id(message_id), [])


def update_is_seen(gateway, lane):
    """A directory import while a session is open counts for the session's next message."""
    newcomer = "owner@newcomer.example"
    before = case("stranger", VENDOR, BLOCKED_CASE.author, BLOCKED_CASE.subject,
                  {newcomer: ("pass", "not-a-customer")})
    after = case("customer now", VENDOR, BLOCKED_CASE.author, BLOCKED_CASE.subject,
                 {newcomer: ("block", "subscription")})
    entry = ('{"type":"customer","id":"c0a80001-7b1f-4d52-8f3c-2f6d1a2b0099","name":"Newcomer","cloud":"commercial",'
             '"domains":["newcomer.example"],"partners":[{"partner":"5120001","role":"indirect-reseller"}]}\n')
    path = lane.filter.folder + "/newcomer.jsonl"
    with open(path, "w") as file:
        file.write(entry)
    with lane.client(VENDOR) as client:
        for case_ in (before, after):
            message_id = gateway.message_id()
            check_outcome(gateway, lane, case_, message_id, transact(client, case_, message_id))
            lane.filter.import_directory(path, "newcomer")


def filter_down_is_temporary(gateway):
    """With the filter gone nothing is lost and nothing leaks: the client is asked to come again, and then it works."""
    milter = gateway.filters["inet"]
    lanes = [gateway.lane(mta, "inet") for mta in MTAS]
    expect("exit status", milter.stop(), 0)
    for lane in lanes:
        message_id, reply = send(gateway, lane, PASSED_CASE)
        expect_match(f"reply of {lane.name}", reply, r"4\d\d .*")
        expect("messages at the sink", gateway.sink.with_id(message_id), [])
    milter.start()
    for lane in lanes:
        decides(gateway, lane, PASSED_CASE)


def stops_cleanly(gateway):
    """Last of all: the queue is empty, and every filter ends with status 0 when asked to."""
    expect("Postfix's queue is empty", gateway.postfix.queue_is_empty(), True)
    for name in ("monitor", "enforce"):
        milter = gateway.filters[name]
        expect(f"filter {name} runs", milter.process.running(), True)
        expect(f"exit status of filter {name}", milter.stop(), 0)


def all_tests(gateway):
    """Names and functions, in the order to run them."""
    for mta in MTAS:
        for listener in ("enforce", "inet"):
            lane = gateway.lane(mta, listener)
            for case_ in CASES:
                yield f"{lane.name}: {case_.name}", functools.partial(decides, gateway, lane, case_)
    for case_ in CASES:
        yield f"same record behind both: {case_.name}", functools.partial(same_record, gateway, case_)
    for mta in MTAS:
        yield from _tests_of(gateway, mta)
        for case_ in CASES:
            yield (f"{mta}, monitor changes nothing: {case_.name}",
                   functools.partial(monitor_changes_nothing, gateway, mta, case_))
    yield "postfix: a login proves", functools.partial(proves_by_login, gateway)
    for case_ in submission_cases():
        yield f"postfix, sendmail(1): {case_.name}", functools.partial(submits, gateway, case_)
    yield "a directory import is seen in an open session", functools.partial(
        update_is_seen, gateway, gateway.lane("postfix", "enforce"))
    yield "a filter that is down is a temporary failure", functools.partial(filter_down_is_temporary, gateway)


def last_tests(gateway):
    yield "the filters end with status 0", functools.partial(stops_cleanly, gateway)


def _tests_of(gateway, mta):
    lane = gateway.lane(mta, "enforce")
    for case_ in (PASSED_CASE, FLAGGED_CASE):
        yield (f"{mta}: forged copies of the flag header go ({case_.action})",
               functools.partial(removes_forged_headers, gateway, lane, case_))
    for case_ in (PASSED_CASE, FLAGGED_CASE):
        yield (f"{mta}: tags of a source that may not set them go ({case_.client})",
               functools.partial(removes_untrusted_tags, gateway, lane, case_))
    yield f"{mta}: messages of one session are judged apart", functools.partial(
        session_keeps_messages_apart, gateway, lane)
    yield f"{mta}: a pipelined envelope", functools.partial(takes_pipelined_envelopes, gateway, lane)
    yield f"{mta}: mail that is not outbound is not judged", functools.partial(judges_outbound_mail_alone, gateway, mta)
    if mta == "postfix":  # Debian's Sendmail does not offer it
        yield f"{mta}: SMTPUTF8", functools.partial(takes_smtputf8, gateway, lane)
    yield f"{mta}: RSET forgets", functools.partial(reset_forgets, gateway, lane)
    yield f"{mta}: clients that vanish", functools.partial(disconnect_in_the_middle, gateway, lane)
    yield f"{mta}: a listener proves", functools.partial(proves_by_listener, gateway, mta)
    for name in AWKWARD:
        yield f"{mta}: {name}", functools.partial(takes_awkward_mail, gateway, lane, name)
