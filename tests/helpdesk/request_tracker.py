"""A real Request Tracker 5 on loopback: Debian's request-tracker5 with SQLite and its standalone server, in a folder
of its own.

Nothing of /etc is changed: RT_SITE_CONFIG names our own configuration, the database is a copy of the one that the
package made.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RT = Path("/usr/share/request-tracker5")
DATABASE = Path("/var/lib/dbconfig-common/sqlite3/request-tracker5/rtdb")
USER = "www-data"
RIGHTS = (
    "SeeQueue",
    "ShowTicket",
    "ShowTicketComments",
    "CommentOnTicket",
    "ReplyToTicket",
    "ModifyTicket",
    "CreateTicket",
    "SeeCustomField",
    "ModifyCustomField",
)
"""What docs/helpdesks.md tells people to grant: the bot here has no more."""

_CONFIG = """
Set($rtname, 'desk.example');
Set($Organization, 'desk.example');
Set($CorrespondAddress, 'support@desk.example');
Set($CommentAddress, 'support-comment@desk.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($WebBaseURL, 'http://127.0.0.1:{port}');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rtdb');
Set($Timezone, 'America/New_York');
Set($MailCommand, 'sendmailpipe');
Set($SendmailPath, '{folder}/sendmail');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'error');
1;
"""
_SENDMAIL = """#!/bin/sh
umask 000
cat > "$(mktemp {folder}/mail/XXXXXXXX)"
"""
_PEOPLE = """
use lib '{rt}/lib';
use RT; RT::LoadConfig(); RT::Init();
my $queue = RT::Queue->new(RT->SystemUser); $queue->Load('General');
my $everyone = RT::Group->new(RT->SystemUser); $everyone->LoadSystemInternalGroup('Everyone');
$everyone->PrincipalObj->GrantRight(Right => $_, Object => $queue) for qw(CreateTicket ReplyToTicket);
for my $name (qw(triage-bot anna)) {{
    my $user = RT::User->new(RT->SystemUser);
    $user->Create(Name => $name, EmailAddress => "$name\\@desk.example", Privileged => 1) or die;
    $user->PrincipalObj->GrantRight(Right => $_, Object => $queue) for qw({rights});
    my ($ok, $said, $token) = RT::AuthToken->new(RT->SystemUser)->Create(Owner => $user->Id, Description => 'test');
    die $said unless $ok;
    print "$token\\n";
}}
"""


@dataclass(frozen=True)
class Tracker:
    """A running RT. ``bot`` and ``agent`` are tokens of two members of staff."""

    url: str
    bot: str
    agent: str
    folder: Path

    def mails(self) -> list[str]:
        """What RT has sent, in any order."""
        return [p.read_text("utf-8", "replace") for p in sorted((self.folder / "mail").iterdir())]

    def mail_in(self, text: str) -> None:
        """A customer's mail, through RT's own mail gate."""
        subprocess.run(
            ["rt-mailgate-5", "--queue", "General", "--action", "correspond", "--url", self.url],
            input=text.encode(),
            check=True,
            capture_output=True,
            timeout=60,
        )


@contextmanager
def request_tracker() -> Iterator[Tracker]:
    """RT for a test. One that is not installed or does not start is a failure, never a skip."""
    assert DATABASE.exists(), "request-tracker5 is not installed; as root: bash tests/lab/packages.sh"
    with tempfile.TemporaryDirectory(prefix="triage-rt-") as name:
        folder = Path(name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        (folder / "mail").mkdir()
        shutil.copy(DATABASE, folder / "rtdb")
        (folder / "site.pm").write_text(_CONFIG.format(port=port, folder=folder))
        (folder / "sendmail").write_text(_SENDMAIL.format(folder=folder))
        (folder / "sendmail").chmod(0o755)
        (folder / "people.pl").write_text(_PEOPLE.format(rt=RT, rights=" ".join(RIGHTS)))
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, USER)
        environment = {
            **os.environ,
            "RT_SITE_CONFIG": str(folder / "site.pm"),
            "RT_SITE_CONFIG_DIR": str(folder / "none"),
        }
        tokens = subprocess.run(
            ["perl", str(folder / "people.pl")],
            env=environment,
            user=USER,
            group=USER,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.split()
        with (folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [str(RT / "libexec/rt-server"), "--host", "127.0.0.1", "--port", str(port), "--max-workers", "1"],
                env=environment,
                user=USER,
                group=USER,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=folder,
            )
        try:
            _wait(f"http://127.0.0.1:{port}/REST/2.0/rt", server, folder)
            yield Tracker(f"http://127.0.0.1:{port}", tokens[0], tokens[1], folder)
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert server.poll() is None, (folder / "server.log").read_text()
        try:
            urllib.request.urlopen(url, timeout=10)
        except urllib.error.HTTPError:
            return  # it wants a token: it is there
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"Request Tracker did not start: {(folder / 'server.log').read_text()}")
