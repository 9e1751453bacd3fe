"""What PAM's modules write by themselves when Dovecot asks them: ``pam_unix(dovecot:auth): authentication failure; …``.

libpam puts ``module(service:type): `` in front (pam_syslog.c). pam_unix (support.c, _log_auth_fail) and, in the same
words, pam_sss and pam_winbind tell ``logname= uid= euid= tty= ruser= rhost=`` and, for a user who exists, two blanks
and ``user=``. Dovecot gives the login as typed for ``ruser`` and the client's address for ``rhost``. The login is
hostile text; what stands behind the last `` rhost=`` is PAM's own.
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs import session as session_id
from bot.logs.draft import Draft

_MODULE: Final = re.compile(r"pam_[a-z0-9]{1,30}\([^():]{1,64}:[a-z]{1,20}\): ")
_FAILURE: Final = re.compile(r"authentication failure; (.{0,2000})$", re.S)
_RUSER, _RHOST, _USER = " ruser=", " rhost=", " user="


def parse(draft: Draft, text: str) -> bool:
    """Fill ``draft`` where ``text``, what follows ``auth: ``, is a PAM module's own line; False where it is not."""
    module = _MODULE.match(text)
    if module is None:
        return False
    draft.service = "auth"
    draft.event = "other"
    said = text[module.end() :]
    failure = _FAILURE.match(said)
    if failure is None:
        draft.detail = said.partition(";")[0][:80]
        return True
    fields, _, behind = failure[1].rpartition(_RHOST)
    host, _, user = behind.partition(_USER)
    draft.detail = "authentication failure"
    draft.fail("auth_failed", "invalid_credentials")
    draft.remote_ip = session_id.canonical(host.strip())
    draft.name(user or fields.partition(_RUSER)[2] or None)
    return True
