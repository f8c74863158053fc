#!/usr/bin/env python3
"""Address fields against both readers of Python's email package: fields built from the grammar of RFC 5322 and RFC 6531, and
the same with parts moved, doubled, cut and put in.

Of a field that was built from what the grammar allows and all readers agree about, the mailboxes must be those it was built from,
without a mark. Of any other field, each mailbox that a reader shows must be in our list, and ours in that reader's, unless the
field was marked ambiguous or a rule of LEAVES_OUT or PUTS_IN says why.

usage: addrlist_oracle.py ADDRESS_LINES [COUNT]
"""
import collections
import concurrent.futures
import email.errors
import email.headerregistry
import email.utils
import ipaddress
import os
import random
import re
import subprocess
import sys

WORDS = ["joe", "Billing", "o'brien", "user.name", "x", "a+tag", "ceo", "müller", "名前", "no_reply", "SRS0=ab=cd", "{a}", "a..b"]
QUOTED = ['"a b"', '"joe"', '"a\\"b"', '"a\\\\b"', '"a,b"', '"<x>"', '"a:b;c"', '"(x)"', '".a"', '"x"."y"', '""']
DOMAINS = ["vendor.example", "Fabrikam.EXAMPLE", "a.b.c.example", "xn--mnchen-3ya.example", "münchen.example", "[192.0.2.1]",
           "[IPv6:2001:db8::1]", "localhost", "my_host.example", "d.example."]
NAMES = ["", "", "Joe", "Joe Doe", '"Doe, Joe"', '"Joe \\"D\\" Doe"', "Joe Q. Public", "=?utf-8?Q?J=C3=B6e?=", "Jöe",
         "=?utf-8?B?Sm9lLCBEb2U=?=", "=?utf-8?Q?a?= =?utf-8?Q?b?=", '"=?utf-8?Q?a?="', '"a;b:c"', "J(x)oe", '"<>"', "'Joe'"]
COMMENTS = ["(x)", "(a (nested) b)", "(a \\) b)", "(=?utf-8?Q?c?=)", "(a, b)", '(")', "()"]
BLANKS = ["", " ", "  ", "\t", "\r\n ", "\r\n\t"]
ODD = list(",,;:<>@@()[]\"\\. \t.") + ["\r\n ", "<>", "@a,@b:", "<@a.example:", "(", "x@y.example", "<x@y.example>", "g:", ";", '"', "=?utf-8?Q?x=40y?=",
       "\n", "\r", "\0", "＠", "\udce9", ",,", "a@b@c"]


def local_part(rng):
    return rng.choice(QUOTED if rng.random() < 0.2 else WORDS)


def mailbox(rng):
    """Its text, and what it is when all readers must agree."""
    local, domain = local_part(rng), rng.choice(DOMAINS)
    address = f"{local}@{domain}"
    name = rng.choice(NAMES)
    space = rng.choice(BLANKS[1:])
    if name:
        text = f"{name}{space}<{address}>"
    else:
        text = rng.choice([address, f"<{address}>"])
    if rng.random() < 0.15:
        text = rng.choice([f"{rng.choice(COMMENTS)} {text}", f"{text} {rng.choice(COMMENTS)}"])
    return text, canonical(address)


def group(rng):
    members = [mailbox(rng) for _ in range(rng.randint(0, 3))]
    name = rng.choice(["team", '"a b"', "a b", "=?utf-8?Q?x?="])
    return f"{name}: {', '.join(m[0] for m in members)};", [m[1] for m in members]


def honest(rng):
    texts, mailboxes = [], []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if rng.random() < 0.1:
            text, members = group(rng)
            mailboxes += members
        else:
            text, one = mailbox(rng)
            mailboxes.append(one)
        texts.append(text)
    body = rng.choice(BLANKS[:3]) + texts[0]
    for text in texts[1:]:
        body += rng.choice([",", ", ", " ,", ",\r\n ", ",,", ", ,"]) + text
    return body, mailboxes


def mutate(rng, body):
    for _ in range(rng.choice([1, 1, 2, 3])):
        at, to = sorted(rng.randint(0, len(body)) for _ in range(2))
        choice = rng.random()
        if choice < 0.6:
            body = body[:at] + rng.choice(ODD) + body[at:]
        elif choice < 0.75:
            body = body[:at] + body[at + 1:]
        elif choice < 0.85:
            body = body[:at] + body[at:to] + body[at:]
        elif choice < 0.95:
            body = body[:at] + rng.choice(COMMENTS + BLANKS) + body[at:]
        else:
            body = body[:at] + body[to:]
    return body


def unquoted(local):
    out, at, quoted = "", 0, False
    while at < len(local):
        if local[at] == "\\" and quoted and at + 1 < len(local):
            at += 1
            out += local[at]
        elif local[at] == '"':
            quoted = not quoted
        else:
            out += local[at]
        at += 1
    return out


def canonical_domain(domain):
    domain = domain.lower().removesuffix(".")
    try:
        if domain.startswith("[ipv6:"):
            return f"[IPv6:{ipaddress.IPv6Address(domain[6:-1])}]"
        return domain if domain.isascii() else domain.encode("idna").decode()
    except ValueError:
        return domain


def canonical(address):
    local, _, domain = address.rpartition("@")
    return unquoted(local), canonical_domain(domain)


def unfolded(body):
    return re.sub(r"\r?\n([ \t])", r"\1", body)


def old_reader(body):
    return {canonical(address) for _, address in email.utils.getaddresses([body]) if "@" in address}


def new_reader(body):
    """None when it gives up with an exception."""
    try:
        header = email.headerregistry.HeaderRegistry()("From", body)
        return {(a.username, canonical_domain(a.domain)) for a in header.addresses if a.domain}
    except (email.errors.MessageError, IndexError, AttributeError, ValueError, TypeError):
        return None


READERS = {"getaddresses": old_reader, "headerregistry": new_reader}


def ends_with_dot(body, mailbox):
    domains = re.findall(r"@([^@<>\s,;()]+\.)", unfolded(body))
    return mailbox[1] in map(canonical_domain, domains)


def is_decoded_name(body, mailbox):
    return "=40" in body and "." not in mailbox[1] and ".>" in body


# Why a reader does not show a mailbox that is ours, or shows one that is not: (reader, what it does) -> is that so here?
LEAVES_OUT = {
    ("headerregistry", "takes no domain with a dot behind it"): ends_with_dot,
}
PUTS_IN = {
    ("headerregistry", "decodes the name when it takes no address, and reads that as one"): is_decoded_name,
}


def explanation(rules, reader, body, mailbox):
    for (of, name), rule in rules.items():
        if of == reader and rule(body, mailbox):
            return f"{reader} {name}"
    return None


def differences(body, shown_by, ours):
    """(what is wrong, the rules that were needed)"""
    wrong, used = [], []
    for reader, shown in shown_by.items():
        if shown is None:
            used.append(f"{reader} gives up with an exception")
            continue
        reasons = [explanation(LEAVES_OUT, reader, body, mailbox) for mailbox in ours - shown]
        reasons += [explanation(PUTS_IN, reader, body, mailbox) for mailbox in shown - ours]
        if None in reasons:
            wrong.append(f"{reader} shows {shown}")
        used += [reason for reason in reasons if reason]
    return wrong, used


def read_all(body):
    return {name: reader(unfolded(body)) for name, reader in READERS.items()}


def fields(count):
    rng = random.Random(20261127)
    for i in range(count):
        body, mailboxes = honest(rng)
        yield (body, mailboxes) if i % 3 == 0 else (mutate(rng, body), None)


def our_answers(program, bodies):
    lines = "".join(body.encode("utf-8", "surrogateescape").hex() + "\n" for body in bodies)
    run = subprocess.run([program], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    for line in run.stdout.splitlines():
        flags, *mailboxes = line.split(" ")
        parts = [m.split("@") for m in mailboxes]
        yield flags, [tuple(bytes.fromhex(p).decode("utf-8", "surrogateescape") for p in part) for part in parts]


def dedup(mailboxes):
    return list(dict.fromkeys(mailboxes))


def wrong_with(body, mailboxes, answer, shown_by, rules):
    flags, ours = answer
    wrong = []
    if mailboxes is not None and ("a" in flags or dedup(ours) != dedup(mailboxes)):
        wrong.append(f"it was built from {mailboxes}")
    if "a" not in flags:
        differ, used = differences(body, shown_by, set(ours))
        wrong += differ
        rules.update(used)
    return wrong


def compare(built, answers, shown):
    failed, rules = 0, collections.Counter()
    for (body, mailboxes), answer, shown_by in zip(built, answers, shown):
        wrong = wrong_with(body, mailboxes, answer, shown_by, rules)
        failed += bool(wrong)
        if wrong:
            print(f"{body!r}\n  ours: {answer}", *wrong, sep="\n  ")
    for name, times in sorted(rules.items()):
        print(f"{times:6} {name}")
    marked = sum("a" in flags for flags, _ in answers)
    print(f"{len(built)} address fields, {marked} marked, {failed} not read as Python reads them")
    return failed


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    built = list(fields(count))
    bodies = [body for body, _ in built]
    answers = list(our_answers(sys.argv[1], bodies))
    if len(answers) != count:
        sys.exit(f"{len(answers)} answers to {count} fields")
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        shown = list(pool.map(read_all, bodies, chunksize=500))
    sys.exit(1 if compare(built, answers, shown) else 0)


if __name__ == "__main__":
    main()
