"""The next hop: an SMTP server that takes everything and keeps each message with its envelope."""

import dataclasses
import email.parser
import email.policy
import os
import socketserver
import sys
import threading

from .workspace import wait_until

LINE_LIMIT = 1 << 20


@dataclasses.dataclass(frozen=True)
class Stored:
    """A message as it arrived. `data` has CRLF line ends; dot-stuffing is undone."""
    reverse_path: str
    recipients: tuple
    data: bytes

    @property
    def header(self):
        return email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(self.data)

    @property
    def message_id(self):
        return self.header.get("Message-ID", "").strip()

    def fields(self, name):
        return [value.strip() for value in self.header.get_all(name, [])]

    def without_trace(self):
        """The data without the topmost Received field, which tells the time and the queue id."""
        lines = self.data.split(b"\r\n")
        if not lines[0].lower().startswith(b"received:"):
            return self.data
        end = 1
        while lines[end][:1] in (b" ", b"\t"):
            end += 1
        return b"\r\n".join(lines[end:])


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self._reset()
        self._reply("220 sink.example ESMTP")
        while line := self.rfile.readline(LINE_LIMIT):
            verb, _, argument = line.decode("latin-1").strip().partition(" ")
            if verb.upper() == "QUIT":
                self._reply("221 bye")
                return
            getattr(self, "smtp_" + verb.lower(), self._unknown)(argument)

    def _reset(self):
        self._reverse_path, self._recipients = "", []

    def _reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def _unknown(self, _argument):
        self._reply("502 5.5.1 unknown")

    def smtp_ehlo(self, _argument):
        self._reply("250-sink.example\r\n250-8BITMIME\r\n250 SMTPUTF8")

    def smtp_helo(self, _argument):
        self._reply("250 sink.example")

    def smtp_noop(self, _argument):
        self._reply("250 ok")

    def smtp_rset(self, _argument):
        self._reset()
        self._reply("250 ok")

    def smtp_mail(self, argument):
        self._reset()
        self._reverse_path = _path_of(argument)
        self._reply("250 ok")

    def smtp_rcpt(self, argument):
        self._recipients.append(_path_of(argument))
        self._reply("250 ok")

    def smtp_data(self, _argument):
        self._reply("354 go on")
        data = bytearray()
        while (line := self.rfile.readline(LINE_LIMIT)) not in (b".\r\n", b""):
            data += line[1:] if line.startswith(b".") else line
        if line:
            self.server.store(Stored(self._reverse_path, tuple(self._recipients), bytes(data)))
            self._reply("250 2.0.0 stored")


def _path_of(argument):
    return argument.partition("<")[2].rpartition(">")[0]


class Sink(socketserver.ThreadingTCPServer):
    """Listens on a free loopback port until closed; every message is a file in `folder`, too."""
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A mail server that is killed says no good-bye."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), _Session)
        self.port = self.server_address[1]
        self._folder = folder
        self._stored = []
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def store(self, stored):
        with self._lock:
            self._stored.append(stored)
            stem = os.path.join(self._folder, f"{len(self._stored):05}")
        with open(stem + ".eml", "wb") as message:
            message.write(stored.data)
        with open(stem + ".envelope", "w") as envelope:
            envelope.write(f"MAIL FROM:<{stored.reverse_path}>\n")
            envelope.writelines(f"RCPT TO:<{recipient}>\n" for recipient in stored.recipients)

    def all(self):
        with self._lock:
            return list(self._stored)

    def with_id(self, message_id):
        return [stored for stored in self.all() if stored.message_id == message_id]

    def wait(self, condition, what, seconds=20):
        """The first stored message that meets the condition."""
        return wait_until(what, lambda: next(filter(condition, self.all()), None), seconds)

    def wait_for_id(self, message_id):
        return self.wait(lambda stored: stored.message_id == message_id, f"{message_id} at the sink")

    def close(self):
        self.shutdown()
        self.server_close()
