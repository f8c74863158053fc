"""The test's own mail client: says each SMTP verb itself and keeps the replies as they came."""

import contextlib
import smtplib


def compose(fields, body="Hello.\n"):
    """A message of (name, body) fields, with CRLF line ends."""
    header = "".join(f"{name}: {value}\n" for name, value in fields)
    return (header + "\n" + body).replace("\n", "\r\n").encode()


class Client:
    """One SMTP session from a loopback address of the caller's choice. Replies are "550 5.7.1 text", lines joined by LF."""

    def __init__(self, port, source="127.0.0.1", login=None):
        self._smtp = smtplib.SMTP(local_hostname="client.example", source_address=(source, 0), timeout=60)
        self._smtp.connect("127.0.0.1", port)
        if login:
            self._smtp.ehlo()
            self._command(f"XCLIENT LOGIN={login}")
        self._smtp.ehlo()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(smtplib.SMTPServerDisconnected):
            self._smtp.quit()

    def _command(self, text):
        return _reply(self._smtp.docmd(text))

    def mail(self, reverse_path):
        return self._command(f"MAIL FROM:<{reverse_path}>")

    def recipient(self, address):
        return self._command(f"RCPT TO:<{address}>")

    def reset(self):
        return self._command("RSET")

    def vanish(self):
        """Closes the connection without a word."""
        self._smtp.close()

    def data(self, message):
        try:
            return _reply(self._smtp.data(message))
        except smtplib.SMTPDataError as error:
            return _reply((error.smtp_code, error.smtp_error))

    def send(self, reverse_path, recipients, message):
        """A whole transaction; the reply that ended it."""
        reply = self.mail(reverse_path)
        for recipient in recipients:
            if reply.startswith("2"):
                reply = self.recipient(recipient)
        reply = self.data(message) if reply.startswith("2") else reply
        if not reply.startswith("2"):
            self.reset()
        return reply


    def pipelined(self, reverse_path, recipients, message, parameters=""):
        """The same with the envelope sent at once (RFC 2920) and in UTF-8; `parameters` go with MAIL."""
        lines = [f"MAIL FROM:<{reverse_path}>{parameters}", *(f"RCPT TO:<{to}>" for to in recipients), "DATA"]
        self._smtp.sock.sendall("".join(line + "\r\n" for line in lines).encode())
        replies = [_reply(self._smtp.getreply()) for _ in lines]
        if not replies[-1].startswith("3"):
            return replies[-1]
        self._smtp.sock.sendall(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return _reply(self._smtp.getreply())


def _reply(answer):
    code, text = answer
    return f"{code} {text.decode('utf-8', 'replace')}"
