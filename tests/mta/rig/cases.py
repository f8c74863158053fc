"""The decision table as mail: each case is a message from somebody to somebody, and what must become of it.

The directory is packaging/try/directory.jsonl. Who sends is proven by the loopback address that the client connects from.
"""

import dataclasses
import os

from .client import compose

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
DIRECTORY = os.path.join(SOURCE, "packaging", "try", "directory.jsonl")
OWN_DOMAIN = "gateway.example"

LINDENHOF = "127.0.0.11"
HAFEN = "127.0.0.12"
VENDOR = "127.0.0.13"
ATELIER = "127.0.0.14"
ANYONE = "127.0.0.99"

PLAIN_BODY = "This message is a sample.\n"
REPORT_BODY = """\
--report
Content-Type: text/plain

Your message could not be delivered.
--report
Content-Type: message/delivery-status

Reporting-MTA: dns; gateway.example

Final-Recipient: rfc822; nobody@elsewhere.example
Action: failed
Status: 5.1.1
--report--
"""


@dataclasses.dataclass(frozen=True)
class Case:
    """`verdicts` maps each recipient to its disposition and the rule that gave it."""
    name: str
    client: str
    author: str
    subject: str
    verdicts: dict
    reverse_path: str = None
    fields: tuple = ()
    body: str = PLAIN_BODY

    @property
    def envelope_sender(self):
        return self.author if self.reverse_path is None else self.reverse_path

    @property
    def recipients(self):
        return list(self.verdicts)

    @property
    def action(self):
        """What all recipients' verdicts ask of the MTA: one reply serves them all."""
        dispositions = {disposition for disposition, _ in self.verdicts.values()}
        return "reject" if "block" in dispositions else "flag" if "flag" in dispositions else "accept"

    def message(self, message_id):
        fields = [("From", self.author), ("To", ", ".join(self.recipients)), ("Subject", self.subject),
                  ("Date", "Mon, 23 Nov 2026 10:00:00 +0000"), ("Message-ID", message_id), *self.fields]
        return compose(fields, self.body)


def case(name, client, author, subject, verdicts, **more):
    return Case(name, client, author, subject, verdicts, **more)


ANNA = "anna@kornblum.example"
LUC = "luc@valcourt.example"
NOBODY = "someone@elsewhere.example"
BLOCKED = ("block", "subscription")

CASES = (
    case("partner of record, proven", LINDENHOF, "billing@lindenhof.example",
         "Your Microsoft 365 subscription renews on 1 December",
         {ANNA: ("pass", "partner-of-record")}),
    case("partner of record, unproven", ANYONE, "billing@lindenhof.example",
         "Your Microsoft 365 subscription renews on 1 December",
         {ANNA: BLOCKED}),
    case("another partner, proven", ATELIER, "facturation@atelier-nuage.example",
         "Your Microsoft 365 subscription expires soon",
         {ANNA: ("flag", "other-partner")}),
    case("vendor, renewal notice in English", VENDOR, "microsoft-noreply@microsoft.com",
         "Your Microsoft 365 subscription is about to expire",
         {ANNA: BLOCKED}),
    case("vendor, renewal notice in French", VENDOR, "microsoft-noreply@microsoft.com",
         "=?utf-8?q?Votre_abonnement_Microsoft_365_arrive_=C3=A0_expiration?=",
         {LUC: BLOCKED}),
    case("service incident", VENDOR, "o365mc@microsoft.com",
         "EX123456: Service incident: users cannot access Exchange Online",
         {ANNA: ("pass", "service-notice")}),
    case("forged incident tag", ANYONE, "support@cloud-notices.example",
         "EX123456: your subscription invoice is ready", {ANNA: BLOCKED},
         fields=(("X-PM-Tag", "incident"),)),
    case("product held directly", VENDOR, "microsoft-noreply@microsoft.com",
         "Your Windows Server subscription expires soon",
         {LUC: ("pass", "direct-product")}),
    case("no product named, also buys directly", VENDOR, "microsoft-noreply@microsoft.com",
         "Your subscription is about to expire",
         {LUC: ("flag", "also-direct")}),
    case("product outside CSP, not listed", VENDOR, "microsoft-noreply@microsoft.com",
         "Your Windows Server subscription expires soon",
         {ANNA: ("flag", "unlisted-product")}),
    case("documented direct mail", VENDOR, "microsoft-noreply@microsoft.com",
         "Your granular delegated admin relationship expires in 30 days",
         {ANNA: ("pass", "documented-direct-mail")}),
    case("contradicting evidence, vendor", VENDOR, "o365mc@microsoft.com",
         "EX123456: Service incident: subscription renewal failed",
         {ANNA: ("flag", "conflict")}),
    case("recipient is no customer", VENDOR, "microsoft-noreply@microsoft.com",
         "Your Microsoft 365 subscription is about to expire",
         {NOBODY: ("pass", "not-a-customer")}),
    case("mixed recipients", VENDOR, "microsoft-noreply@microsoft.com",
         "Your Microsoft 365 subscription is about to expire",
         {ANNA: BLOCKED, NOBODY: ("pass", "not-a-customer")}),
    case("delivery report", VENDOR, f"MAILER-DAEMON@{OWN_DOMAIN}",
         "Undelivered Mail Returned to Sender",
         {ANNA: ("pass", "dsn")}, reverse_path="",
         fields=(("MIME-Version", "1.0"),
                 ("Content-Type", 'multipart/report; report-type=delivery-status; boundary="report"')),
         body=REPORT_BODY),
    case("anything else", ANYONE, "events@conference.example",
         "Programme of the autumn conference",
         {ANNA: ("pass", "general")}),
)
