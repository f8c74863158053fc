"""A private Sendmail from an unpacked package: its own cf file, queue and ports."""

import os
import shutil
import subprocess

from .workspace import RigError, accepts, free_port

HOST = "gateway.sendmail.example"
SUBMITTER = "daemon"  # Sendmail insists that root does not submit: an account of base-passwd

MC = """\
divert(-1)
include(`{prefix}/usr/share/sendmail/cf/m4/cf.m4')
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `{host}')dnl
define(`QUEUE_DIR', `{folder}/queue')dnl
define(`confPID_FILE', `{folder}/pid')dnl
define(`STATUS_FILE', `{folder}/statistics')dnl
define(`HELP_FILE', `{folder}/helpfile')dnl
define(`ALIAS_FILE', `')dnl
undefine(`confCW_FILE')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/service.switch')dnl
define(`confTO_IDENT', `0')dnl
define(`confDELIVERY_MODE', `interactive')dnl
define(`confLOG_LEVEL', `0')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`nocanonify')dnl
FEATURE(`no_default_msa')dnl
{listeners}MAILER(`smtp')dnl
"""

SUBMIT_MC = """\
divert(-1)
include(`{prefix}/usr/share/sendmail/cf/m4/cf.m4')
divert(0)dnl
define(`confCF_VERSION', `Submit')dnl
define(`__OSTYPE__', `')dnl
define(`_USE_DECNET_SYNTAX_', `1')dnl
define(`confDOMAIN_NAME', `{host}')dnl
define(`MSP_QUEUE_DIR', `{folder}/client')dnl
define(`confPID_FILE', `{folder}/client.pid')dnl
define(`STATUS_FILE', `{folder}/client.statistics')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/service.switch')dnl
define(`confRUN_AS_USER', `{user}')dnl
define(`confTRUSTED_USER', `{user}')dnl
define(`confDELIVERY_MODE', `interactive')dnl
define(`confLOG_LEVEL', `0')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unqualified_senders')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {port}')dnl
FEATURE(`msp', `[127.0.0.1]')dnl
"""


class Sendmail:
    """Delivers while the client waits: a reply to the end of data means that the sink has it.

    `host_library` answers for libc what this machine is called and who its clients are (tests/mta/host.c).
    """

    def __init__(self, workspace, prefix, host_library, sink_port):
        if not os.path.exists(os.path.join(prefix, "usr/libexec/sendmail/sendmail")):
            raise RigError(f"no Sendmail in {prefix}: run packaging/deps.sh test")
        self._workspace = workspace
        self._prefix = prefix
        self._host_library = host_library
        self._folder = workspace.folder("sendmail", 0o711)
        self._sink_port = sink_port
        self._listeners = ""
        self.ports = {}

    def listen(self, name, milter=""):
        """An SMTP listener whose {daemon_name} is `name`; `milter` as in INPUT_MAIL_FILTER's S=."""
        self.ports[name] = free_port()
        filters = f", InputMailFilters={name}" if milter else ""
        if milter:
            self._listeners += f"MAIL_FILTER(`{name}', `S={milter}, F=T, T=S:30s;R:30s;E:60s')dnl\n"
        self._listeners += (f"DAEMON_OPTIONS(`Name={name}, Addr=127.0.0.1, Port={self.ports[name]}, "
                            f"M=S{filters}')dnl\n")
        return self.ports[name]

    def _compile(self, mc, name, **words):
        """An m4 configuration as the file that Sendmail reads."""
        text = mc.format(prefix=self._prefix, folder=self._folder, host=HOST, **words)
        cf = subprocess.run(["m4", f"-D_CF_DIR_={self._prefix}/usr/share/sendmail/cf/"], input=text, text=True,
                            capture_output=True, timeout=30, check=True).stdout
        path = os.path.join(self._folder, name)
        with open(path, "w") as file:
            file.write(cf)
        return path

    def _write(self):
        self._workspace.folder("sendmail/queue", 0o700)
        shutil.chown(self._workspace.folder("sendmail/client", 0o700), SUBMITTER, SUBMITTER)
        with open(os.path.join(self._folder, "service.switch"), "w") as switch:
            switch.write("hosts files\n")
        return self._compile(MC, "sendmail.cf", sink=self._sink_port, listeners=self._listeners)

    def submit(self, listener, reverse_path, recipients, data):
        """sendmail -bm: the message goes through a queue of the client's own to one of the listeners; the exit status."""
        path = self._compile(SUBMIT_MC, "submit.cf", port=self.ports[listener], user=SUBMITTER)
        program = os.path.join(self._prefix, "usr/libexec/sendmail/sendmail")
        return subprocess.run([program, "-C", path, "-bm", "-i", "-f", reverse_path, "--", *recipients], input=data,
                              env={"LD_PRELOAD": self._host_library, "PATH": "/usr/bin:/bin"}, capture_output=True,
                              timeout=60, check=False).returncode

    def queue(self, name, prefix):
        """The recipients of each message in a queue ("queue", "client") whose file has this prefix, by queue id."""
        folder, found = os.path.join(self._folder, name), {}
        for entry in os.listdir(folder):
            if entry.startswith(prefix):
                with open(os.path.join(folder, entry), encoding="utf-8", errors="replace") as control:
                    found[entry[2:]] = [line.partition(":")[2].strip().strip("<>") for line in control
                                        if line.startswith("R")]
        return found

    def held(self):
        """Quarantined messages: control files that begin with "hf"."""
        return self.queue("queue", "hf")

    def release(self, queue_id):
        """What the manual says: the quarantine ends, then the message is tried."""
        for options in (("-qQ", "-qI" + queue_id, "-Q"), ("-qI" + queue_id,)):
            subprocess.run([os.path.join(self._prefix, "usr/libexec/sendmail/sendmail"), "-C",
                            os.path.join(self._folder, "sendmail.cf"), *options],
                           env={"LD_PRELOAD": self._host_library, "PATH": "/usr/bin:/bin"}, capture_output=True,
                           timeout=60, check=True)

    def delete(self, name, queue_ids):
        folder = os.path.join(self._folder, name)
        for entry in os.listdir(folder):
            if entry[2:] in queue_ids:
                os.remove(os.path.join(folder, entry))

    def start(self):
        program = os.path.join(self._prefix, "usr/libexec/sendmail/sendmail")
        argv = [program, "-bD", "-C", self._write(), "-X", os.path.join(self._folder, "traffic")]
        process = self._workspace.spawn("sendmail", argv, {"LD_PRELOAD": self._host_library})
        for port in self.ports.values():
            process.wait_for("Sendmail", lambda port=port: accepts(("127.0.0.1", port)))
        return self
