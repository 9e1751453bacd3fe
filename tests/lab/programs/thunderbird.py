"""Thunderbird from the distribution: a profile with one account, and a driver that reads its dialogs."""

from __future__ import annotations

import json

from tests.lab.places import PROGRAMS
from tests.lab.programs.settings import Command, Program, Settings, right

SOCKETS = {"none": 0, "starttls": 2, "implicit": 3}
QUIET = {
    "app.donation.eoy.version": 999,
    "app.update.enabled": False,
    "browser.cache.disk.enable": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "mail.SpellCheckBeforeSend": False,
    "mail.compose.warned_about_customize_from": True,
    "mailnews.tcptimeout": 12,
    "security.enterprise_roots.enabled": False,
    "mail.server.server1.login_at_startup": False,
    "mail.server.server1.check_new_mail": False,
    "mail.startup.enabledMailCheckOnce": True,
    "mail.calendar-integration.opt-out": True,
    "calendar.timezone.local": "UTC",
    "security.OCSP.enabled": 0,
}


def _profile(imap: Settings, smtp: Settings) -> str:
    prefs: dict[str, object] = {
        **QUIET,
        "mail.accountmanager.accounts": "account1,account2",
        "mail.accountmanager.defaultaccount": "account1",
        "mail.accountmanager.localfoldersserver": "server2",
        "mail.account.account1.server": "server1",
        "mail.account.account1.identities": "id1",
        "mail.account.account2.server": "server2",
        "mail.server.server2.type": "none",
        "mail.server.server2.hostname": "Local Folders",
        "mail.server.server2.userName": "nobody",
        "mail.server.server2.name": "Local Folders",
        "mail.server.server1.type": "imap",
        "mail.server.server1.hostname": imap.host,
        "mail.server.server1.port": imap.port,
        "mail.server.server1.userName": imap.user,
        "mail.server.server1.name": imap.mailbox,
        "mail.server.server1.socketType": SOCKETS[imap.tls],
        "mail.server.server1.authMethod": 3,
        "mail.server.server1.timeout": 12,
        "mail.identity.id1.fullName": "Kim",
        "mail.identity.id1.useremail": smtp.address,
        "mail.identity.id1.smtpServer": "smtp1",
        "mail.identity.id1.valid": True,
        "mail.identity.id1.fcc": False,
        "mail.identity.id1.compose_html": False,
        "mail.smtpservers": "smtp1",
        "mail.smtp.defaultserver": "smtp1",
        "mail.smtpserver.smtp1.hostname": smtp.host,
        "mail.smtpserver.smtp1.port": smtp.port,
        "mail.smtpserver.smtp1.username": smtp.user if smtp.login else "",
        "mail.smtpserver.smtp1.try_ssl": SOCKETS[smtp.tls],
        "mail.smtpserver.smtp1.authMethod": 3 if smtp.login else 1,
    }
    return "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in prefs.items())


def _thunderbird(s: Settings) -> Command:
    imap, smtp = (s, right("smtp", s.mailbox)) if s.protocol == "imap" else (right("imap", s.mailbox), s)
    told = {
        "protocol": s.protocol,
        "origin": f"{s.protocol}://{s.host}",
        "user": s.user,
        "password": s.password,
        "to": s.to,
        "display": 7,
        "ca": str(s.ca),
    }
    files = {
        "thunderbird_driver.py": (PROGRAMS / "thunderbird_driver.py").read_text("utf-8"),
        "told.json": json.dumps(told),
        "profile/user.js": _profile(imap, smtp),
    }
    return Command(["/usr/bin/python3", "thunderbird_driver.py", "told.json"], files)


THUNDERBIRD = Program(
    "thunderbird",
    "Thunderbird",
    _thunderbird,
    _thunderbird,
    ["thunderbird", "--version"],
    r"Thunderbird (\d[\d.]*\d)",
    can=frozenset({"starttls", "no-login"}),
)
