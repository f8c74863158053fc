"""What a message meets: pass, flag, reject, monitor, over every transport."""

import ctypes
import errno
import os
import socket
import stat
import time

from daemon import INCIDENT, OPERATIONAL, SUBSCRIPTION, Daemon, Skip, until
from protocol import (ACTIONS, ADDHDRS, ADDRCPT, CHGHDRS, DELRCPT, QUARANTINE, HDR_LEADSPC, NOBODY, NODATA, NOUNKNOWN, NR_BODY, NR_CONN, NR_DATA,
                      NR_EOH, NR_HDR, NR_HELO, NR_MAIL, NR_RCPT, NR_UNKN, PROTOCOL, SETSYMLIST)

TRANSPORTS = ("unix", "inet", "inet6")


def flags(answer):
    return [change for change in answer.changes if change[0] == "add"]


def check_verdicts(transport):
    with Daemon(transport) as daemon, daemon.session() as mta:
        answer = mta.message(headers=INCIDENT)
        assert (answer.verdict, answer.changes) == ("continue", []), answer
        answer = mta.message(headers=OPERATIONAL)
        assert answer.verdict == "continue", answer
        (_, name, value), = flags(answer)
        decision = daemon.decisions()[-1]
        assert (name, value) == ("X-CSP-Policy", f" flag; id={decision['decision']}"), answer
        answer = mta.message(headers=SUBSCRIPTION)
        decision = daemon.decisions()[-1]
        assert answer.reply == f"550 5.7.1 Not 100%% yours ({decision['decision']})", answer
        assert not answer.changes
        assert [record["action"] for record in daemon.decisions()] == ["accept", "flag", "reject"]
        assert daemon.logged("4XyZ1: ")


def test_pass_flag_and_reject_over_a_unix_socket():
    check_verdicts("unix")


def test_pass_flag_and_reject_over_inet():
    check_verdicts("inet")


def test_pass_flag_and_reject_over_inet6():
    check_verdicts("inet6")


def test_monitor_mode_changes_nothing_and_records_what_it_would_do():
    with Daemon(mode="monitor") as daemon, daemon.session() as mta:
        forged = [("X-CSP-Policy", "forged")]
        for headers, would in ((INCIDENT, "accept"), (OPERATIONAL, "flag"), (SUBSCRIPTION, "reject")):
            answer = mta.message(headers=headers + forged)
            assert (answer.verdict, answer.changes) == ("continue", []), answer
            record = daemon.decisions()[-1]
            assert (record["action"], record["would_action"]) == ("accept", would), record
        counters = daemon.status()["counters"]
        assert (counters["accepted"], counters["would_flag"], counters["would_reject"]) == (3, 1, 1), counters


def test_recipients_who_are_no_customers_pass():
    with Daemon() as daemon, daemon.session() as mta:
        answer = mta.message(rcpts=["<a@elsewhere.example>", "<b@vendor.example>"], headers=SUBSCRIPTION)
        assert (answer.verdict, answer.changes) == ("continue", []), answer
        answer = mta.message(rcpts=["<a@elsewhere.example>", "<user@contoso.example>"], headers=SUBSCRIPTION)
        assert answer.reply, answer


def test_incoming_copies_of_our_header_are_removed_from_the_last_to_the_first():
    forged = [("X-CSP-Policy", "pass"), ("x-csp-policy", "x"), ("X-CSP-POLICY", "y")]
    removed = [("change", 3, "X-CSP-Policy", ""), ("change", 2, "X-CSP-Policy", ""), ("change", 1, "X-CSP-Policy", "")]
    with Daemon() as daemon, daemon.session() as mta:
        answer = mta.message(headers=forged + INCIDENT)
        assert answer.changes == removed, answer
        answer = mta.message(headers=forged[:1] + OPERATIONAL + forged[1:])
        assert answer.changes[:3] == removed and len(flags(answer)) == 1 and answer.changes[3][0] == "add", answer
        assert mta.message(headers=INCIDENT).changes == []


def test_copies_behind_the_limit_of_fields_are_removed_too():
    with Daemon(extra="limits = { header_fields = 10; };") as daemon, daemon.session() as mta:
        headers = INCIDENT + [("X-Filler", str(i)) for i in range(20)] + [("X-CSP-Policy", "forged")]
        answer = mta.message(headers=headers)
        assert ("change", 1, "X-CSP-Policy", "") in answer.changes, answer
        assert "truncated" in daemon.decisions()[-1]["marks"]


REMOVE = 'remove_untrusted_tags = true; tag_sources = { logins = "tagger"; };'
TAGS = [("X-TAG", "outage"), ("X-Json-Tag", "{broken"), ("x-tag", "whatever")]


def test_untrusted_tags_are_removed_and_recorded():
    gone = [("change", 1, "x-json-tag", ""), ("change", 2, "x-tag", ""), ("change", 1, "x-tag", "")]
    removed = [{"field": "x-json-tag", "count": 1}, {"field": "x-tag", "count": 2}]
    with Daemon(classification=REMOVE) as daemon, daemon.session() as mta:
        answer = mta.message(headers=TAGS[:1] + INCIDENT + TAGS[1:] + [("X-CSP-Policy", "x")])
        assert answer.changes == [("change", 1, "X-CSP-Policy", ""), *gone], answer
        assert daemon.decisions()[-1]["removed"] == [{"field": "X-CSP-Policy", "count": 1}, *removed]
        answer = mta.message(headers=OPERATIONAL + TAGS)
        assert answer.changes[:3] == gone and len(flags(answer)) == 1 and answer.changes[3][0] == "add", answer
        answer = mta.message(headers=SUBSCRIPTION + TAGS)
        assert answer.reply and not answer.changes and daemon.decisions()[-1]["removed"] == [], answer
        # The next message on the connection begins to count anew.
        answer = mta.message(headers=INCIDENT + TAGS[:1])
        assert answer.changes == gone[2:] and daemon.decisions()[-1]["removed"][0]["count"] == 1, answer
        assert mta.message(headers=INCIDENT).changes == []


def test_tags_of_their_source_stay():
    with Daemon(classification=REMOVE) as daemon, daemon.session() as mta:
        answer = mta.message(headers=[("Subject", "x"), ("From", "<a@b.example>")] + TAGS[:1], auth_authen="tagger")
        record = daemon.decisions()[-1]
        assert answer.changes == [] and record["removed"] == [] and record["category"]["name"] == "incident", record


def test_tags_stay_where_nothing_is_to_be_changed():
    for settings in ({}, {"classification": REMOVE, "mode": "monitor"}):
        with Daemon(**settings) as daemon, daemon.session() as mta:
            assert mta.message(headers=INCIDENT + TAGS).changes == []
            assert daemon.decisions()[-1]["removed"] == []


def test_tags_behind_the_limit_of_fields_are_removed_too():
    with Daemon(classification=REMOVE, extra="limits = { header_fields = 10; };") as daemon, daemon.session() as mta:
        headers = INCIDENT + [("X-Filler", str(i)) for i in range(20)] + TAGS
        changes = [change[:3] for change in mta.message(headers=headers).changes]
        assert changes == [("change", 1, "x-json-tag"), ("change", 2, "x-tag"), ("change", 1, "x-tag")], changes


def test_negotiation_takes_what_is_worth_having_on_a_unix_socket():
    with Daemon() as daemon, daemon.client() as mta:
        mta.negotiate()
        assert mta.version == 6
        assert mta.actions == ADDHDRS | CHGHDRS | ADDRCPT | DELRCPT | QUARANTINE | SETSYMLIST, hex(mta.actions)
        wanted = (NOBODY | NOUNKNOWN | NR_CONN | NR_HELO | NR_RCPT | NR_DATA | NR_HDR | NR_EOH | NR_BODY | NR_UNKN |
                  HDR_LEADSPC)
        assert mta.protocol == wanted, hex(mta.protocol)
        for stage, names in (("connect", ["{daemon_name}"]), ("mail", ["{auth_authen}", "{cert_subject}", "{verify}"]),
                             ("eoh", ["i"]), ("eom", ["i"])):
            assert set(names) <= set(mta.macros[stage]), mta.macros


def test_negotiation_over_tcp_keeps_the_reply_to_data():
    for transport in ("inet", "inet6"):
        with Daemon(transport) as daemon, daemon.client() as mta:
            mta.negotiate()
            assert not mta.protocol & (NR_DATA | NODATA | NR_MAIL), hex(mta.protocol)
            assert mta.protocol & (NR_HDR | NR_CONN) == NR_HDR | NR_CONN


def test_negotiation_takes_only_what_is_offered():
    with Daemon() as daemon:
        with daemon.session(protocol=NOBODY, actions=ADDHDRS | CHGHDRS) as mta:
            assert mta.protocol == NOBODY, hex(mta.protocol)
            assert (mta.actions, mta.macros) == (ADDHDRS | CHGHDRS, {})
            answer = mta.message(headers=OPERATIONAL)
            assert flags(answer)[0][2].startswith("flag; id="), answer
        with daemon.session(protocol=PROTOCOL & ~HDR_LEADSPC, actions=ACTIONS) as mta:
            assert flags(mta.message(headers=OPERATIONAL))[0][2].startswith("flag; id=")


def test_a_flag_that_the_mta_does_not_take_is_a_temporary_failure():
    with Daemon() as daemon, daemon.session(actions=0x20) as mta:
        answer = mta.message(headers=OPERATIONAL)
        assert answer.reply.startswith("451 4.7.1 "), answer
        outcome = until(lambda: daemon.records()[1:], what="an outcome")[0]
        assert (outcome["for"], outcome["outcome"]) == (daemon.decisions()[-1]["decision"], "tempfail"), outcome
        assert mta.message(headers=INCIDENT).verdict == "continue"


PIDFD_GETFD = 438  # the system call's number, the same on all machines


def nodelay_of(daemon):
    """TCP_NODELAY of the listening sockets that the process holds, read from its own descriptors."""
    found = []
    system = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(daemon.process.pid)
    for number in range(64):
        copy = system.syscall(PIDFD_GETFD, process, number, 0)
        if copy >= 0 and stat.S_ISSOCK(os.fstat(copy).st_mode):
            with socket.socket(fileno=os.dup(copy)) as sock:
                if sock.family == daemon.family and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    found.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        if copy >= 0:
            os.close(copy)
        elif ctypes.get_errno() in (errno.EPERM, errno.ENOSYS):
            raise Skip("descriptors of another process cannot be had")
    os.close(process)
    return found


def test_the_listener_has_tcp_nodelay():
    for transport in ("inet", "inet6"):
        with Daemon(transport) as daemon:
            found = nodelay_of(daemon)
            assert found == [1], found


def client_of(daemon):
    return daemon.decisions()[-1]["client"]


def test_the_client_is_what_the_mta_says_of_it():
    cases = [("4", "192.0.2.7", "192.0.2.7"), ("6", "2001:db8::7", "2001:db8::7"), ("6", "::ffff:192.0.2.9", "192.0.2.9"),
             ("L", "/run/x.sock", None), ("U", "", None)]
    with Daemon() as daemon:
        for family, address, recorded in cases:
            with daemon.client().negotiate() as mta:
                mta.connect(family=family, address=address, daemon_name="outside")
                mta.helo("mail.example")
                mta.message(headers=INCIDENT, daemon_name="outside", auth_authen="someone")
            client = client_of(daemon)
            assert client["address"] == recorded, client
            assert (client["helo"], client["listener"], client["login"]) == ("mail.example", "outside", "someone"), client


def test_a_proof_makes_the_vendor_proven():
    with Daemon() as daemon:
        for address, macros, proven in (
                ("198.51.100.9", {}, True), ("192.0.2.1", {}, False), ("192.0.2.1", {"auth_authen": "vendor"}, True),
                ("192.0.2.1", {"auth_authen": "Vendor"}, False), ("192.0.2.1", {"daemon_name": "inside"}, True)):
            with daemon.client().negotiate() as mta:
                mta.connect(address=address)
                mta.helo()
                answer = mta.message(headers=SUBSCRIPTION, **macros)
                assert (answer.verdict == "continue") == proven, (address, macros, answer)


def test_a_certificate_counts_only_when_it_was_verified():
    with Daemon() as daemon:
        for macros, proven in (
                ({"verify": "OK", "v": "8.17.1"}, True), ({"verify": "FAIL", "v": "8.17.1"}, False),
                ({"verify": "NO", "v": "Postfix 3.7.11"}, False), ({"v": "8.17.1"}, False), ({}, False),
                ({"v": "Postfix 3.7.11"}, True), ({"v": "Postfixed 1"}, False), ({"verify": "ok"}, False)):
            with daemon.client().negotiate() as mta:
                mta.connect(address="192.0.2.1")
                mta.helo()
                answer = mta.message(headers=SUBSCRIPTION, cert_subject="CN=vendor", **macros)
                assert (answer.verdict == "continue") == proven, (macros, answer)
                assert client_of(daemon)["cert_subject"] == ("CN=vendor" if proven else None)


AUTHENTICATION = """authentication_results = { authserv_ids = "mx.vendor.example"; trusted_hops = { networks = "192.0.2.10"; };
  vendor = "spf"; };"""


def test_authentication_results_count_from_a_trusted_hop_above_received():
    stated = ("Authentication-Results", "mx.vendor.example;\r\n\tspf=pass smtp.mailfrom=news@microsoft.com")
    received = ("Received", "from a by mx.vendor.example; Mon, 1 Jun 2026 10:00:00 +0000")
    with Daemon(extra=AUTHENTICATION) as daemon:
        for address, added, proven in (("192.0.2.10", [stated, received], True), ("192.0.2.10", [received, stated], False),
                                       ("192.0.2.10", [received], False), ("192.0.2.11", [stated, received], False)):
            with daemon.client().negotiate() as mta:
                mta.connect(address=address)
                mta.helo()
                answer = mta.message(headers=added + SUBSCRIPTION)
                assert (answer.verdict == "continue") == proven, (address, added, answer)
                # What proved one message says nothing of the next.
                answer = mta.message(headers=[received, *SUBSCRIPTION])
                assert answer.reply, answer


def test_a_proof_of_one_message_does_not_reach_the_next():
    with Daemon() as daemon, daemon.client().negotiate() as mta:
        mta.connect(address="192.0.2.1")
        mta.helo()
        for login in ("vendor", "nobody", "vendor", "nobody"):
            answer = mta.message(headers=SUBSCRIPTION, auth_authen=login, daemon_name="outside")
            assert (answer.verdict == "continue") == (login == "vendor"), (login, answer)


def test_the_queue_id_comes_late_and_is_recorded():
    with Daemon() as daemon, daemon.session() as mta:
        for stage in ("mail", "rcpt", "eoh", "eom"):
            mta.mail("<news@microsoft.com>", **({"i": "Qmail"} if stage == "mail" else {"daemon_name": "x"}))
            mta.rcpt("<user@contoso.example>", **({"i": "Qrcpt"} if stage == "rcpt" else {}))
            mta.data()
            for name, value in INCIDENT:
                mta.header(name, value)
            mta.eoh(**({"i": "Qeoh"} if stage == "eoh" else {"x": "-"}))
            mta.eom(**({"i": "Qeom"} if stage == "eom" else {"x": "-"}))
            assert daemon.decisions()[-1]["queue_id"] == "Q" + stage, daemon.decisions()[-1]


def test_one_record_says_all_of_its_message():
    with Daemon() as daemon, daemon.session() as mta:
        headers = [("From", "=?utf-8?q?J=C3=B6rg?= <news@microsoft.com>"), ("Message-ID", "<a\x01b@c>"),
                   ("Subject", "Your invoice\n is ready \u2028 \x1b[31m \"quoted\"")]
        rcpts = ["<user@contoso.example>", "<other@elsewhere.example>", "<evil\"%n@contoso.example>"]
        mta.message(rcpts=rcpts, headers=headers)
        with open(daemon.journal, "rb") as stream:
            lines = stream.read().split(b"\n")
        assert len(lines) == 2 and lines[1] == b"" and b"\x1b" not in lines[0], lines
        record = daemon.decisions()[-1]
        assert record["schema"] == "csp-milter/decision/1" and record["reverse_path"] == "<news@microsoft.com>"
        assert [rcpt["address"] for rcpt in record["recipients"]] == rcpts
        assert "Your invoice is ready" in record["subject"]
        assert all(ord(c) < 127 and ord(c) >= 32 for line in daemon.log for c in line), daemon.text()


def test_which_decisions_are_recorded_is_a_setting():
    stranger, customer = "<x@elsewhere.example>", "<user@contoso.example>"
    for scope, expected in (("all", 3), ("customers", 2), ("flagged", 1)):
        for mode in ("enforce", "monitor"):
            with Daemon(mode=mode, journal_decisions=scope) as daemon, daemon.session() as mta:
                for rcpt, headers in ((stranger, SUBSCRIPTION), (customer, [("From", "a@b.example"), ("Subject", "lunch")]),
                                      (customer, SUBSCRIPTION)):
                    mta.message(rcpts=[rcpt], headers=headers)
                assert len(daemon.decisions()) == expected, (scope, mode, daemon.decisions())
                until(lambda: sum("decision=" in text for text in daemon.log) == 3, what="three lines of the log")


def test_what_is_private_stands_in_no_record_and_no_log_line():
    secrets = ("user@", "bounces+77", "quarterly", "billing@")
    with Daemon(start=False) as daemon:
        daemon.write("key", "0123456789abcdef0123456789abcdef\n")
        daemon.write_conf(journal_extra=f'privacy = "hashed"; privacy_key = "{daemon.path("key")}";')
        daemon.start()
        headers = [("From", "User <billing@microsoft.com>"), ("Subject", "Your invoice is ready, quarterly"), ("Message-ID", "<1@x.example>")]
        with daemon.session() as mta:
            for _ in range(2):
                answer = mta.message(sender="<bounces+77@microsoft.com>", rcpts=["<User@contoso.example>", "<user@contoso.example>"], headers=headers)
                assert answer.reply.startswith("550"), answer
        with open(daemon.journal, encoding="utf-8") as lines:
            text = lines.read().lower()
        assert not any(secret in text for secret in secrets), text
        first, second = daemon.decisions()
        one, other = first["recipients"]
        assert one["address"] == other["address"] == f"<{one['canonical']}>" and one["address"].endswith("@contoso.example>"), first
        assert first["subject"] == second["subject"] and len(first["subject"]) == 18, first
        assert first["authors"][0]["address"].endswith("@microsoft.com") and first["inputs"] is None, first
        until(lambda: sum("decision=" in line for line in daemon.log) == 2, what="two lines of the log")
        assert not any(secret in daemon.text().lower() for secret in secrets), daemon.text()
        for key, error in (("short", "16 octets or more"), (None, "No such file")):
            if key:
                daemon.write("key", key)
            else:
                os.remove(daemon.path("key"))
            checked = daemon.ctl("check", "-c", daemon.conf())
            assert checked.returncode == 78 and error in checked.stderr, checked


def test_a_large_header_and_many_recipients_are_taken():
    with Daemon() as daemon, daemon.session() as mta:
        rcpts = [f"<user{i}@contoso.example>" for i in range(2000)]
        answer = mta.message(rcpts=rcpts, headers=[("X-Big", "x" * 200000)] + SUBSCRIPTION)
        assert answer.reply, answer
        assert len(daemon.decisions()[-1]["recipients"]) == 2000


def test_more_than_the_limits_is_marked_and_never_fatal():
    limits = "limits = { header_bytes = 10000; header_fields = 50; recipients = 10; };"
    with Daemon(extra=limits) as daemon, daemon.session() as mta:
        for rcpts, headers in (
                (["<user@contoso.example>"] * 5000, INCIDENT),
                (["<user@contoso.example>"], INCIDENT + [("X-F", "y")] * 5000),
                (["<user@contoso.example>"], INCIDENT + [("X-F", "y" * 50000)])):
            answer = mta.message(rcpts=rcpts, headers=headers)
            assert answer.verdict == "continue", answer
            assert "truncated" in daemon.decisions()[-1]["marks"]
        assert mta.message(headers=OPERATIONAL).verdict == "continue"
        assert daemon.status()["counters"]["fault_resources"] == 0


def test_a_tcp_answer_with_a_change_does_not_stall():
    for transport in ("inet", "inet6"):
        with Daemon(transport) as daemon, daemon.session() as mta:
            mta.message(headers=OPERATIONAL)
            begun = time.monotonic()
            for _ in range(20):
                mta.message(headers=OPERATIONAL)
            each = (time.monotonic() - begun) / 20
            assert each < 0.04, f"{each * 1000:.1f} ms a message"


TESTS = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
