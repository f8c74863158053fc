"""The milter protocol, version 6, as an MTA speaks it: a small client with no library under it.

A Client is one connection. It negotiates, sends commands and macros, reads replies, and knows from
the negotiation which commands are answered. Every read is bounded by the socket's timeout.
"""

import socket
import struct

ACTIONS = 0x1FF
PROTOCOL = 0x1FFFFF

ADDHDRS, ADDRCPT, DELRCPT, CHGHDRS, QUARANTINE, SETSYMLIST = 0x01, 0x04, 0x08, 0x10, 0x20, 0x100
NOBODY, NOUNKNOWN, NODATA = 0x10, 0x100, 0x200
NR_HDR, NR_CONN, NR_HELO, NR_MAIL, NR_RCPT, NR_DATA = 0x80, 0x1000, 0x2000, 0x4000, 0x8000, 0x10000
NR_UNKN, NR_EOH, NR_BODY, HDR_LEADSPC = 0x20000, 0x40000, 0x80000, 0x100000

NO_REPLY = {b"C": NR_CONN, b"H": NR_HELO, b"M": NR_MAIL, b"R": NR_RCPT, b"T": NR_DATA,
            b"L": NR_HDR, b"N": NR_EOH, b"B": NR_BODY, b"U": NR_UNKN}

FINAL = {b"c": "continue", b"a": "accept", b"r": "reject", b"t": "tempfail", b"d": "discard", b"y": "reply"}
STAGES = {0: "connect", 1: "helo", 2: "mail", 3: "rcpt", 4: "data", 5: "eom", 6: "eoh"}


class Gone(Exception):
    """The filter closed the connection."""


def packet(command, data=b""):
    return struct.pack(">I", len(data) + 1) + command + data


def cstr(text):
    return (text if isinstance(text, bytes) else text.encode()) + b"\0"


class Answer:
    """The end of a message: modifications, in order, and the verdict."""

    def __init__(self, verdict, reply, changes):
        self.verdict = verdict  # "continue", "accept", "reject", "tempfail", "reply"
        self.reply = reply      # "550 5.7.1 text" when the verdict is "reply"
        self.changes = changes  # ("add", name, value) and ("change", index, name, value)

    def __repr__(self):
        return f"Answer({self.verdict!r}, {self.reply!r}, {self.changes!r})"


class Client:
    def __init__(self, family, address, timeout=20):
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(address)
        if family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.pending = []
        self.actions = self.protocol = 0
        self.macros = {}

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- packets ----

    def flush(self):
        if self.pending:
            self.sock.sendall(b"".join(self.pending))
            self.pending = []

    def read(self):
        self.flush()
        while len(self.buffer) < 4 or len(self.buffer) < 4 + struct.unpack(">I", self.buffer[:4])[0]:
            try:
                piece = self.sock.recv(65536)
            except ConnectionError as error:
                raise Gone() from error
            if not piece:
                raise Gone()
            self.buffer += piece
        size = struct.unpack(">I", self.buffer[:4])[0]
        body, self.buffer = self.buffer[4:4 + size], self.buffer[4 + size:]
        return body[:1], body[1:]

    def command(self, command, data=b""):
        """Sends a command; gives its reply, or None where none was negotiated."""
        self.pending.append(packet(command, data))
        if NO_REPLY.get(command, 0) & self.protocol:
            return None
        return self.final(*self.read())

    @staticmethod
    def final(code, data):
        if code not in FINAL:
            raise AssertionError(f"reply {code!r} where an end was expected")
        return FINAL[code] if code != b"y" else data.rstrip(b"\0").decode()

    # ---- what an MTA says ----

    def negotiate(self, actions=ACTIONS, protocol=PROTOCOL, version=6):
        self.pending.append(packet(b"O", struct.pack(">III", version, actions, protocol)))
        code, data = self.read()
        assert code == b"O", code
        self.version, self.actions, self.protocol = struct.unpack(">III", data[:12])
        rest = data[12:]
        while rest:
            stage = struct.unpack(">I", rest[:4])[0]
            names, rest = rest[4:].split(b"\0", 1)
            self.macros[STAGES[stage]] = names.decode().split()
        return self

    def define(self, command, **macros):
        """Macros for a command; a name longer than a letter gets its braces here."""
        data = command
        for name, value in macros.items():
            data += cstr(name if len(name) == 1 else "{%s}" % name) + cstr(value)
        self.pending.append(packet(b"D", data))

    def connect(self, host="client.example", family="4", port=12345, address="192.0.2.1", **macros):
        if macros:
            self.define(b"C", **macros)
        data = cstr(host) + family.encode()
        if family != "U":
            data += struct.pack(">H", port) + cstr(address)
        return self.command(b"C", data)

    def helo(self, name="client.example", **macros):
        if macros:
            self.define(b"H", **macros)
        return self.command(b"H", cstr(name))

    def mail(self, sender, *arguments, **macros):
        if macros:
            self.define(b"M", **macros)
        return self.command(b"M", cstr(sender) + b"".join(map(cstr, arguments)))

    def rcpt(self, recipient, *arguments, **macros):
        if macros:
            self.define(b"R", **macros)
        return self.command(b"R", cstr(recipient) + b"".join(map(cstr, arguments)))

    def data(self):
        return self.command(b"T")

    def header(self, name, value):
        lead = " " if self.protocol & HDR_LEADSPC else ""
        value = value if isinstance(value, bytes) else (lead + value).encode()
        return self.command(b"L", cstr(name) + cstr(value))

    def eoh(self, **macros):
        if macros:
            self.define(b"N", **macros)
        return self.command(b"N")

    def eom(self, **macros):
        if macros:
            self.define(b"E", **macros)
        self.pending.append(packet(b"E"))
        changes = []
        while True:
            code, data = self.read()
            if code == b"h":
                name, value = data.rstrip(b"\0").split(b"\0", 1)
                changes.append(("add", name.decode(), value.decode()))
            elif code == b"m":
                index = struct.unpack(">I", data[:4])[0]
                name, value = data[4:].split(b"\0", 1)
                changes.append(("change", index, name.decode(), value.rstrip(b"\0").decode()))
            elif code in FINAL:
                final = self.final(code, data)
                reply = final if code == b"y" else None
                return Answer("reply" if reply else final, reply, changes)
            else:
                raise AssertionError(f"unexpected action {code!r} {data!r}")

    def abort(self):
        self.pending.append(packet(b"A"))
        self.flush()

    def quit(self):
        self.pending.append(packet(b"Q"))
        self.flush()

    # ---- whole steps ----

    def begin(self, **options):
        """Up to the first message."""
        self.negotiate(**options)
        self.connect(daemon_name="test", v="Postfix 3.7.11")
        self.helo()
        return self

    def message(self, sender="<news@microsoft.com>", rcpts=("<user@contoso.example>",), headers=(), **macros):
        """A whole message; gives its Answer."""
        mail = self.mail(sender, **macros)
        if mail not in (None, "continue"):
            return Answer("reply" if mail[0].isdigit() else mail, mail if mail[0].isdigit() else None, [])
        for rcpt in rcpts:
            assert self.rcpt(rcpt) in (None, "continue")
        assert self.data() in (None, "continue")
        for name, value in headers:
            assert self.header(name, value) in (None, "continue")
        assert self.eoh(i="4XyZ1") in (None, "continue")
        return self.eom(i="4XyZ1")
