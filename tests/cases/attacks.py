#!/usr/bin/env python3
"""Attacks as data: each is sent with subscription text and with incident text, to one customer and to a customer beside a stranger,
and so is its honest twin, the same message without the trick. What must be decided is checked for both, and the attack's
verdict must be at least as grave as its twin's.

usage: attacks.py --ctl CSP-MILTERCTL --conf CONF-FOLDER [--keep FOLDER] [-v] [NAME...]

attacks/*.toml hold tables [[row]] with a `name`, their list `attack`, and what else all attacks of a row share. An attack has:
  name          what the trick is; with the row's name it names the attack
  sender        whose honest message it begins with, a name of SENDERS; "vendor" without it
  from, to, subject   the body of that field; the subject says {text} where the text stands
  without       names of fields to leave out
  first, fields raw lines in front of and behind the other fields
  path, rcpt    reverse-path and the customer's forward-path
  login, client, listener, cert_subject   as in a case.json
  subscription, incident   what must be decided: disposition and rule; "block subscription" and "flag service-notice" without
                them, but a sender of record's twin says so by itself
  marks         exactly these doubt marks must be set; subscription_marks, incident_marks where one text has others
  unreadable    why the text cannot be read by anybody here: then "flag general" stands for both texts, and is grave enough
  twin          the same names, for a twin that differs in more than the trick; it has no marks

Values are literal strings: \\r \\n \\t \\0 \\xNN are those bytes, {name} is the text after TEXT_TRICKS, {bytes*N} repeats.
Exit status: 0 all as expected, 1 some not, 2 could not be run.
"""
import base64
import concurrent.futures
import os
import re
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

from run import HERE, Failure, Runner, parser_of, run_in_folder

TEXTS = {"subscription": "Your invoice for Microsoft 365 is ready",
         "incident": "Exchange mail delivery is delayed: we are investigating an outage"}
SENDERS = {"vendor": {"address": "noreply@vendor.example", "client": "192.0.2.1"},
           "partner": {"address": "billing@fabrikam.example", "login": "fabrikam"},
           "stranger": {"address": "joe@stranger.example", "client": "203.0.113.9"}}
HONEST = {"vendor": {"subscription": "block subscription", "incident": "pass service-notice"},
          "partner": {"subscription": "pass partner-of-record", "incident": "pass partner-of-record"},
          "stranger": {"subscription": "block subscription", "incident": "pass service-notice"}}
CUSTOMER = "ceo@contoso.example"
STRANGER = "joe@stranger.example"
FACTS = ("login", "client", "listener", "cert_subject")
GRAVITY = {"pass": 0, "flag": 1, "block": 2}
ACTIONS = {"pass": "accept", "flag": "flag", "block": "reject"}

CYRILLIC = str.maketrans("aceopxyis", "асеорхуіѕ")
GREEK = str.maketrans("aoviu", "αονιυ")
FULL_WIDTH = {c: c + 0xFEE0 for c in range(0x21, 0x7F)} | {0x20: 0x3000}
MATHEMATICAL = {ord("a") + i: 0x1D5BA + i for i in range(26)}


def word_b(charset, data):
    return f"=?{charset}?B?{base64.b64encode(data).decode()}?=".encode()


def word_q(charset, data):
    return f"=?{charset}?Q?".encode() + b"".join(b"=%02X" % b for b in data) + b"?="


def words_cut(charset, data, size):
    """Words that end wherever so many bytes are full, inside of characters too."""
    return b" ".join(word_b(charset, data[i:i + size]) for i in range(0, len(data), size))


def full_width(text):
    return text.translate(FULL_WIDTH)


def overlong(text):
    return b"".join(bytes([0xC0 | b >> 6, 0x80 | b & 0x3F]) for b in text.encode())


def utf_7(text):
    return b"+" + base64.b64encode(text.encode("utf-16-be")).rstrip(b"=") + b"-"


def between(mark):
    return lambda text: mark.join(text).encode()


TEXT_TRICKS = {
    "text": str.encode,
    "upper": lambda t: t.upper().encode(),
    "b": lambda t: word_b("utf-8", t.encode()),
    "q": lambda t: word_q("utf-8", t.encode()),
    "q-cyrillic": lambda t: word_q("koi8-r", t.translate(str.maketrans("aceopxy", "асеорху")).encode("koi8-r")),
    "b-label": lambda t: word_b("UTF-8*en", t.encode()),
    "b-unpadded": lambda t: word_b("utf-8", t.ljust(100).encode()).replace(b"==?=", b"?="),
    "b-broken": lambda t: word_b("utf-8", t.encode()).replace(b"?B?", b"?B?!*"),
    "b-open": lambda t: word_b("utf-8", t.encode())[:-2],
    "b-unknown": lambda t: word_b("x-unknown", t.encode()),
    "b-utf-16": lambda t: word_b("utf-16", t.encode("utf-16")),
    "b-cut": lambda t: words_cut("utf-8", full_width(t).encode(), 4),
    "b-letters": lambda t: words_cut("utf-8", t.encode(), 1),
    "encoding-unknown": lambda t: b"=?utf-8?X?" + base64.b64encode(t.encode()) + b"?=",
    "nested": lambda t: word_q("utf-8", word_b("utf-8", t.encode())),
    "utf-7": lambda t: b"=?utf-7?Q?" + utf_7(t) + b"?=",
    "utf-7-raw": utf_7,
    "iso-2022-jp": lambda t: word_b("iso-2022-jp", full_width(t).encode("iso-2022-jp")),
    "iso-2022-jp-raw": lambda t: full_width(t).encode("iso-2022-jp"),
    "iso-2022-jp-escapes": lambda t: word_b("iso-2022-jp", b"\x1b(B".join(bytes([c]) for c in t.encode())),
    "gb18030": lambda t: word_b("gb18030", full_width(t).encode("gb18030")),
    "overlong": overlong,
    "b-overlong": lambda t: word_b("utf-8", overlong(t)),
    "full-width": lambda t: full_width(t).encode(),
    "mathematical": lambda t: t.translate(MATHEMATICAL).encode(),
    "b-full-width": lambda t: word_b("utf-8", full_width(t).encode()),
    "cyrillic": lambda t: t.translate(CYRILLIC).encode(),
    "b-cyrillic": lambda t: word_b("utf-8", t.translate(CYRILLIC).encode()),
    "greek": lambda t: t.translate(GREEK).encode(),
    "zero-width-space": between("\u200b"),
    "zero-width-joiner": between("\u200d"),
    "byte-order-mark": between("\ufeff"),
    "word-joiner": between("\u2060"),
    "soft-hyphen": between("\u00ad"),
    "b-soft-hyphen": lambda t: word_b("utf-8", "\u00ad".join(t).encode()),
    "grapheme-joiner": between("\u034f"),
    "variation-selector": between("\ufe0f"),
    "tag-character": between("\U000e0061"),
    "right-to-left-mark": between("\u200f"),
    "isolates": between("\u2068\u2069"),
    "override-letters": between("\u202d\u202c"),
    "reversed": lambda t: ("\u202e" + t[::-1] + "\u202c").encode(),
    "null": lambda t: b"\0".join(bytes([c]) for c in t.encode()),
    "folds": lambda t: t.replace(" ", "\r\n ").encode(),
    "bare-cr": lambda t: t.replace(" ", "\r").encode(),
    "bare-lf": lambda t: t.replace(" ", "\n", 1).encode(),
    "control": between("\x01"),
    "entities": lambda t: "".join(f"&#{ord(c)};" for c in t).encode(),
}


def expand(template, text):
    escapes = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}
    out = re.sub(rb"\\(?:x([0-9a-f]{2})|([rnt0\\]))",
                 lambda m: bytes.fromhex(m[1].decode()) if m[1] else escapes[m[2]], template.encode())
    out = re.sub(rb"\{([^{}]+)\*(\d+)\}", lambda m: m[1] * int(m[2]), out, flags=re.DOTALL)
    return re.sub(rb"\{([a-z0-9-]+)\}", lambda m: TEXT_TRICKS[m[1].decode()](text), out)


def message(attack, text):
    sender = SENDERS[attack.get("sender", "vendor")]
    fields = {"From": attack.get("from", sender["address"]), "To": attack.get("to", CUSTOMER),
              "Subject": attack.get("subject", "{text}"), "Date": "Sat, 20 Jun 2026 12:00:00 +0000",
              "Message-ID": "<attack@vendor.example>"}
    lines = attack.get("first", [])
    lines = lines + [f"{n}: {body}" for n, body in fields.items() if n not in attack.get("without", [])]
    lines = lines + attack.get("fields", [])
    return b"".join(expand(line, text) + b"\r\n" for line in lines) + b"\r\nText.\r\n"


def envelope(attack, mixed):
    sender = SENDERS[attack.get("sender", "vendor")]
    details = {name: sender[name] for name in FACTS if name in sender}
    if any(name in attack for name in FACTS):
        details = {name: attack[name] for name in FACTS if name in attack}
    path = expand(attack.get("path", sender["address"]), "")
    rcpt = expand(attack.get("rcpt", CUSTOMER), "")
    details["from"] = os.fsdecode(path)
    details["rcpt"] = [os.fsdecode(rcpt)] + [STRANGER] * mixed
    return details


def expectation(attack, kind):
    """What is to be decided, and the marks: None where nothing is said of them."""
    default = {"subscription": "block subscription", "incident": "flag service-notice"}[kind]
    if "unreadable" in attack:
        default = "flag general"
    marks = attack.get(f"{kind}_marks", attack.get("marks", []))
    return attack.get(kind, default), sorted(marks)


class Attacks:
    def __init__(self, runner, work):
        self.runner = runner
        self.work = Path(work)
        self.conf = runner.work / "common" / "csp-milter.conf"
        self.twins = {}
        self.lock = threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(1)

    def decide(self, name, attack, kind, mixed):
        file = self.work / f"{name}.eml"
        file.write_bytes(message(attack, TEXTS[kind]))
        return self.runner.ask(self.conf, envelope(attack, mixed), file)

    def judged(self, name, attack, kind, mixed, expected, marks):
        """One message: its disposition, and what is wrong with the decision."""
        decision = self.decide(name, attack, kind, mixed)
        who = decision["recipients"][0]
        got = f"{who['disposition']} {who['rule']}"
        wrong = []
        if got != expected:
            wrong.append(f"expected {expected}, got {got}")
        if marks != sorted(who["marks"]):
            wrong.append(f"expected marks {marks}, got {sorted(who['marks'])}")
        if decision["action"] != ACTIONS[expected.split()[0]]:
            wrong.append(f"the message's action is {decision['action']}")
        if mixed and decision["recipients"][1]["rule"] != "not-a-customer":
            wrong.append("the stranger beside the customer is not judged as one")
        return who["disposition"], wrong

    def judged_twin(self, attack, kind, mixed):
        """Most attacks have the same twin, which is asked about once."""
        twin = {"sender": attack.get("sender", "vendor")} | attack.get("twin", {})
        honest = twin.get(kind, HONEST[twin["sender"]][kind])
        key = repr((sorted(twin.items()), kind, mixed))
        with self.lock:
            number = len(self.twins)
            if key not in self.twins:
                self.twins[key] = self.pool.submit(self.judged, f"twin-{number}", twin, kind, mixed, honest, [])
        return self.twins[key].result()

    def check_pair(self, number, attack, kind, mixed):
        name = f"{number}-{kind}-{'mixed' if mixed else 'one'}"
        twin_got, twin_wrong = self.judged_twin(attack, kind, mixed)
        got, wrong = self.judged(name, attack, kind, mixed, *expectation(attack, kind))
        enough = min(GRAVITY[twin_got], GRAVITY["flag"] if "unreadable" in attack else GRAVITY["block"])
        if GRAVITY[got] < enough:
            wrong.append(f"milder than its twin: {got}, the twin {twin_got}")
        return [f"{kind}, {'mixed' if mixed else 'one'} recipient: {line}"
                for line in wrong + [f"twin: {line}" for line in twin_wrong]]

    def check(self, numbered):
        number, attack = numbered
        wrong = []
        for kind in TEXTS:
            for mixed in (False, True):
                try:
                    wrong += self.check_pair(number, attack, kind, mixed)
                except (Failure, OSError, KeyError, ValueError, subprocess.TimeoutExpired) as error:
                    wrong.append(f"{kind}: {type(error).__name__}: {error}")
        return wrong


KNOWN = {"name", "sender", "from", "to", "subject", "without", "first", "fields", "path", "rcpt", "marks", "unreadable",
         "twin", "subscription_marks", "incident_marks", *FACTS, *TEXTS}


def find_attacks(names):
    attacks = []
    for file in sorted((HERE / "attacks").glob("*.toml")):
        for row in tomllib.loads(file.read_text(encoding="utf-8"))["row"]:
            shared = {name: value for name, value in row.items() if name != "attack"}
            attacks += [(f"{file.stem}: {row['name']}: {a['name']}", shared | a) for a in row["attack"]]
    for title, attack in attacks:
        odd = (set(attack) | set(attack.get("twin", {}))) - KNOWN
        if odd:
            sys.exit(f"attacks.py: {title}: unknown: {', '.join(sorted(odd))}")
    return [a for a in attacks if not names or any(name in a[0] for name in names)]


def run_all(args, work):
    attacks = find_attacks(args.names)
    folder = Path(work) / "messages"
    folder.mkdir()
    runner = Attacks(Runner(args.ctl, args.conf, work), folder)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (title, _), wrong in zip(attacks, pool.map(runner.check, enumerate(a for _, a in attacks))):
            failed += bool(wrong)
            if wrong or args.verbose:
                print(f"{'FAIL' if wrong else 'pass'}  {title}", *wrong, sep="\n      ")
    judged = len(attacks) * len(TEXTS) * 2
    print(f"{len(attacks)} attacks in {judged} messages, {len(runner.twins)} honest twins: {failed} attacks not answered as they must be")
    return 1 if failed or not attacks else 0


def main():
    parser = parser_of("Run the attacks.")
    parser.add_argument("-v", "--verbose", action="store_true", help="name the attacks that were answered too")
    parser.add_argument("names", nargs="*", help="parts of names of attacks; all without any")
    return run_in_folder(parser.parse_args(), run_all)


if __name__ == "__main__":
    sys.exit(main())
