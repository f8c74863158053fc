"""A private Postfix: its own configuration, queue and ports. The machine's own is neither read nor touched."""

import json
import os
import pwd
import shutil
import signal
import subprocess

from .workspace import RigError, accepts, free_port

QUEUE_FOLDERS = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
                 "saved", "trace")

# Mail that is refused at its end never reaches the queue manager, which therefore holds new mail up for a second each: in_flow_delay.
MAIN_CF = """\
compatibility_level = 3.6
config_directory = {etc}
queue_directory = {queue}
data_directory = {data}
command_directory = {prefix}/usr/sbin
daemon_directory = {prefix}/usr/lib/postfix/sbin
shlib_directory = {prefix}/usr/lib/postfix
meta_directory = {etc}
sendmail_path = {prefix}/usr/sbin/sendmail
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH
export_environment = MAIL_CONFIG TZ LANG=C LD_LIBRARY_PATH
maillog_file = {log}
maillog_file_prefixes = {folder}
myhostname = gateway.postfix.example
mydomain = postfix.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
append_dot_mydomain = no
biff = no
smtpd_banner = $myhostname ESMTP
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_authorized_xclient_hosts = 127.0.0.0/8
default_transport = {transport}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
in_flow_delay = 0
milter_protocol = 6
milter_default_action = tempfail
non_smtpd_milters = {submission_milter}
"""

MASTER_CF = """\
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
showq unix n - n - - showq
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def installation(unpacked):
    """Where Postfix is: "" when the machine has one, else the folder that its package was unpacked to."""
    if os.path.exists("/usr/lib/postfix/sbin/master"):
        return ""
    if os.path.exists(os.path.join(unpacked, "usr/lib/postfix/sbin/master")):
        return unpacked
    raise RigError(f"no Postfix, neither installed nor in {unpacked}: run packaging/deps.sh try")


def _accounts():
    """Postfix's own accounts where they exist; else the ones of base-passwd that nothing here uses for mail."""
    try:
        return pwd.getpwnam("postfix").pw_name, "postdrop"
    except KeyError:
        return "games", "uucp"


class Postfix:
    """Listeners are added before the start; each may have a filter of its own."""

    def __init__(self, workspace, unpacked, transport, submission_milter=""):
        self._workspace = workspace
        self._prefix = installation(unpacked)
        self._folder = workspace.folder("postfix")
        self._etc = workspace.folder("postfix/etc")
        self._settings = {"transport": transport, "submission_milter": submission_milter}
        self._services = ""
        self._process = None
        self.ports = {}
        self.log = os.path.join(self._folder, "maillog")
        self._owner, self._group = _accounts()

    def listen(self, name, milter="", *options):
        """An SMTP listener whose {daemon_name} is `name`; `milter` as in smtpd_milters."""
        self.ports[name] = free_port()
        overrides = [f"smtpd_milters={milter}", f"milter_macro_daemon_name={name}", *options]
        self._services += f"127.0.0.1:{self.ports[name]} inet n - n - - smtpd\n"
        self._services += "".join(f"  -o {{ {override} }}\n" for override in overrides)
        return self.ports[name]

    def service(self, text):
        """Another entry of master.cf."""
        self._services += text

    def _write(self):
        main = MAIN_CF.format(
            etc=self._etc, queue=self._queue(), data=self._data(), prefix=self._prefix, owner=self._owner,
            group=self._group, log=self.log, folder=self._folder, **self._settings)
        for name, text in (("main.cf", main), ("master.cf", MASTER_CF + self._services)):
            with open(os.path.join(self._etc, name), "w") as file:
                file.write(text)

    def _data(self):
        path = self._workspace.folder("postfix/data", 0o700)
        shutil.chown(path, self._owner)
        return path

    def _queue(self):
        for name in QUEUE_FOLDERS:
            shutil.chown(self._workspace.folder("postfix/queue/" + name, 0o700), self._owner)
        self._workspace.folder("postfix/queue/pid")
        shutil.chown(self._workspace.folder("postfix/queue/public", 0o710), self._owner, self._group)
        shutil.chown(self._workspace.folder("postfix/queue/maildrop", 0o730), self._owner, self._group)
        return os.path.join(self._folder, "queue")

    def _environment(self):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C", "MAIL_CONFIG": self._etc}
        if self._prefix:
            environment["LD_LIBRARY_PATH"] = self._prefix + "/usr/lib/postfix"
        return environment

    def start(self):
        self._write()
        master = self._prefix + "/usr/lib/postfix/sbin/master"
        self._process = process = self._workspace.spawn("postfix", [master, "-c", self._etc, "-d"], self._environment())
        for port in self.ports.values():
            process.wait_for("Postfix", lambda port=port: accepts(("127.0.0.1", port)))
        return self

    def kill(self):
        """All of it at once, wherever it is."""
        self._process.signal(signal.SIGKILL)
        self._process.stop()

    def command(self, name, *arguments, **options):
        """Runs a command of this Postfix, `sendmail` or `postqueue`, on its own queue."""
        return subprocess.run(
            [f"{self._prefix}/usr/sbin/{name}", *arguments], env=self._environment(), capture_output=True,
            timeout=30, check=True, **options).stdout

    def submit(self, reverse_path, recipients, data):
        """sendmail(1): the road that `non_smtpd_milters` watches."""
        self.command("sendmail", "-i", "-f", reverse_path, "--", *recipients, input=data)

    def queue(self, name):
        """The recipients of each message in a queue ("hold", "maildrop"), by queue id."""
        entries = [json.loads(line) for line in self.command("postqueue", "-j").splitlines()]
        return {entry["queue_id"]: [recipient["address"] for recipient in entry["recipients"]]
                for entry in entries if entry["queue_name"] == name}

    def release(self, queue_id):
        """What the manual says: take it off hold, and try at once."""
        self.command("postsuper", "-H", queue_id)
        self.command("postqueue", "-i", queue_id)

    def delete(self, queue_ids):
        self.command("postsuper", "-d", "-", input="".join(f"{queue_id}\n" for queue_id in queue_ids).encode())

    def queue_is_empty(self):
        return not self.command("postqueue", "-j").strip()
