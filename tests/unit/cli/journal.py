"""Journals for the tests of `review`: records as the daemon writes them, with what a test wants changed."""

import json

ID = "01kbq0000000000000000000%02d"


def recipient(address, rule="subscription", disposition="block", mode="enforce", would=()):
    return {
        "address": f"<{address}>",
        "canonical": address,
        "customer": "aaaaaaaa-0000-0000-0000-000000000001",
        "sender": "vendor",
        "proof": "unproven",
        "product": "csp",
        "marks": [],
        "rule": rule,
        "disposition": disposition,
        "mode": mode,
        "would": [{"rule": r, "disposition": d} for r, d in would],
    }


def record(number, **changes):
    one = {
        "schema": "csp-milter/decision/1",
        "decision": ID % number,
        "time": "2026-11-%02dT10:00:00.250Z" % number,
        "host": "gw1.example",
        "queue_id": "4cQ%d" % number,
        "message_id": "<m%d@vendor.example>" % number,
        "policy": "0123456789abcdef",
        "directory": 7,
        "mode": "enforce",
        "client": {"address": "192.0.2.1", "helo": None, "listener": None, "login": None, "cert_subject": None},
        "reverse_path": "<bounce@vendor.example>",
        "subject": "Your invoice %d" % number,
        "authors": [{"field": "from", "address": "billing@vendor.example", "party": "vendor"}],
        "category": {"name": "subscription",
                     "evidence": [{"rule": "en/invoice", "field": "Subject", "match": " your invoice "}]},
        "products": ["microsoft-365"],
        "lists": [],
        "marks": [],
        "recipients": [recipient("ann@customer.example")],
        "action": "reject",
        "would_action": "reject",
        "reply": "550 5.7.1 Subscription mail (%s)" % (ID % number),
        "flag": None,
    }
    one.update(changes)
    return one


def passed(number, **changes):
    return record(number, **{"recipients": [recipient("joe@customer.example", "general", "pass")],
                             "action": "accept", "would_action": "accept", "reply": None, **changes})


def outcome(number, text="tempfail"):
    return {"schema": "csp-milter/decision/1", "for": ID % number,
            "time": "2026-11-%02dT10:00:10.250Z" % number, "outcome": text}


def line(one):
    return json.dumps(one, ensure_ascii=False, separators=(",", ":")).replace("\u2028", "\\u2028") + "\n"
