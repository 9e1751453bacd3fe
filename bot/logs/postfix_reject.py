"""Which kind of refusal an SMTP reject is: by Postfix's own words, the host's policy words, the status code.

Postfix's words (smtpd/smtpd_check.c) name the class of restriction that refused, ``Sender address rejected``;
what follows is the host's own text from an access table or a policy service, in any language. Only its shape
is known: a limit on a quantity, or a plan or account that may not send. Status codes: RFC 3463, RFC 5248.
"""

from __future__ import annotations

import re
from typing import Final

# Words of Postfix itself, wherever they stand in the text after the address -> event.
OWN_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("relay access denied", "relay_denied"),
    ("relaying denied", "relay_denied"),
    ("relay not permitted", "relay_denied"),
    ("relay not allowed", "relay_denied"),
    ("must authenticate", "relay_denied"),
    ("authentication is required", "relay_denied"),
    ("authentication required", "relay_denied"),
    ("must issue a starttls command first", "cleartext_refused"),
    ("session encryption is required", "cleartext_refused"),
    ("encryption required", "cleartext_refused"),
    ("not owned by user", "sender_rejected"),
    ("not logged in", "sender_rejected"),
    ("message size exceeds", "message_too_large"),
    ("message file too big", "message_too_large"),
    ("message too large", "message_too_large"),
    ("message too big", "message_too_large"),
    ("size limit", "message_too_large"),
    ("insufficient system storage", "server_error"),
    ("server configuration error", "server_error"),
    ("server configuration problem", "server_error"),
    ("server local data error", "server_error"),
    ("temporary lookup failure", "server_error"),
    ("service unavailable - try again", "server_error"),
    ("queue file write error", "server_error"),
    ("too many connections", "connection_limit"),
    ("all server ports busy", "connection_limit"),
    ("all screening ports busy", "connection_limit"),
    ("user unknown in", "recipient_rejected"),
    ("undeliverable address", "recipient_rejected"),
)

# Words of a host's own policy. Stems, since one policy says "limit reached" and the next "Sendelimit
# erreicht".
QUOTA_WORDS: Final = re.compile(
    r"(?:mailbox|quota|inbox|storage|postfach|boîte|buz[oó]n|casella|caixa)\b.{0,30}\b(?:full|exceeded|"
    r"voll|pleine|llen[oa]|pien[oa]|chei[oa]|überschritten)"
    r"|over ?quota|quota exceeded|not enough (?:disk )?space"
)
RATE_WORDS: Final = re.compile(
    r"limit|límit|kontingent|лимит|ограничени|限|too many (?:messages|mails|emails|recipients|requests|"
    r"sends|attempts)"
    r"|\b(?:rate|quota|throttl\w*|allowance)\b|\b(?:hourly|daily|weekly|monthly|per (?:second|minute|"
    r"hour|day|week|month))\b"
    r"|/ ?(?:s|sec|min|minute|h|hr|hour|d|day|week|month|stunde|tag|heure|jour|hora|día|dia|ora|giorno|uur)\b"
    r"|\bslow(?:ing)? down\b|\bexceed(?:ed|s|ing)?\b.{0,40}\b(?:messages|recipients|mails|emails|sending)\b"
    r"|\b(?:messages|recipients|mails|emails|sending)\b.{0,40}\bexceed(?:ed|s|ing)?\b|上限|сутки|"
    r"pro (?:stunde|tag)"
    # so many messages in so long, whatever is said around it
    r"|\b\d[\d.,]* (?:messages|mails|e-?mails|recipients|nachrichten|empfänger|messaggi|mensajes|mensagens|berichten)\b"
    r".{0,20}\b\d+ ?(?:h|hours?|min(?:ute)?s?|days?|stunden?|minuten|heures?|horas?|ore|uur)\b"
)
DISABLED_WORDS: Final = re.compile(
    r"\b(?:suspended|paused|deactivated|deaktiviert|gesperrt|pausiert|suspendu|suspendid[oa]|sospes[oa]|"
    r"zablokowan\w*|locked|blocked for abuse)\b"
    r"|\b(?:account|mailbox|user|login|konto|postfach|compte|cuenta|conta)\b.{0,20}\b(?:is )?disabled\b"
    r"|приостановлен|заблокирован|停用|停止されて|一時停止"
)
PLAN_WORDS: Final = re.compile(
    r"\b(?:plan|forfait|tarif|subscription|abonnement|abonnent|piano|plano|pakiet|upgrade|tariff|package|"
    r"abbonamento|suscripci[oó]n|assinatura)\b"
    r"|\b(?:outbound|outgoing|sending|smtp|relay(?:ing)?|versand|senden|envoi|envío|envio|invio|"
    r"verzenden|wysyłani\w*)\b"
    r".{0,50}\b(?:disabled|not (?:available|enabled|allowed|permitted|included|activated)|unavailable|"
    r"deactivated|blocked"
    r"|nicht (?:verfügbar|erlaubt|freigeschaltet|enthalten|möglich)|deaktiviert|désactivé|deshabilitado|"
    r"desactivado|disabilitato|desativado|uitgeschakeld)\b"
    r"|\b(?:not|cannot|can't|may not) (?:be )?(?:allowed|permitted|authorized|authorised|enabled|able)"
    r" to send\b|\bmay not send\b|\bcannot send\b"
    r"|тариф|プラン|套餐"
)

_CLASSES: Final[tuple[tuple[str, str], ...]] = (
    ("sasl login name rejected", "plan_rejected"),
    ("sender address rejected", "sender_rejected"),
    ("recipient address rejected", "recipient_rejected"),
    ("client host rejected", "client_rejected"),
    ("unverified client host rejected", "client_rejected"),
    ("helo command rejected", "client_rejected"),
    ("client certificate rejected", "client_rejected"),
    ("data command rejected", "client_rejected"),
    ("end-of-data rejected", "client_rejected"),
    ("etrn command rejected", "client_rejected"),
    ("blocked using", "client_rejected"),
)
_STATUS: Final[tuple[tuple[str, str], ...]] = (
    (".1.8", "sender_rejected"),
    (".1.7", "sender_rejected"),
    (".1.", "recipient_rejected"),
    (".2.2", "quota_exceeded"),
    (".2.", "recipient_rejected"),
    (".3.4", "message_too_large"),
    (".3.", "server_error"),
    (".5.3", "rate_limited"),
    (".5.", "client_rejected"),  # RFC 3463 3.6: how the client speaks, as postscreen's "550 5.5.1 Protocol error"
    (".7.0", "client_rejected"),
)
_STAGES: Final = {"MAIL": "sender_rejected", "RCPT": "recipient_rejected", "VRFY": "recipient_rejected"}
_LEADING_NAME: Final = re.compile(r"<[^<>]*>: ")


def _policy(policy: str, status: str | None, about_sender: bool) -> str | None:
    """What the host's own words say, or None. ``about_sender``: they can speak of whoever is sending."""
    if status is not None and status.endswith(".2.2") and "limit" not in policy:
        return "quota_exceeded"
    if QUOTA_WORDS.search(policy) is not None and "sending" not in policy:
        return "quota_exceeded"
    if RATE_WORDS.search(policy) is not None:
        return "rate_limited"
    if about_sender and DISABLED_WORDS.search(policy) is not None:
        return "login_disabled"
    if about_sender and PLAN_WORDS.search(policy) is not None:
        return "plan_rejected"
    return None


def classify(text: str, code: int | None, status: str | None, stage: str, *, outgoing: bool = True) -> str:
    """The event of a reject: ``text`` without code and status, ``stage`` as Postfix names it (RCPT, MAIL, …).

    ``outgoing`` is False on port 25, where a recipient's refusal is about the recipient and not the sender.
    """
    lowered = _LEADING_NAME.sub("", text, count=1).lower()
    for words, event in OWN_WORDS:
        if words in lowered:
            return event
    family = next((event for words, event in _CLASSES if words in lowered), None)
    policy = lowered.partition("rejected: ")[2] if family is not None else lowered
    if family != "client_rejected" or "end-of-data" in lowered or "data command" in lowered:
        said = _policy(policy, status, outgoing or family != "recipient_rejected")
        if said is not None:
            return said
    elif "rate" in policy or "too many" in policy:
        return "rate_limited"
    if family is not None:
        return family
    if status is not None:
        for ending, event in _STATUS:
            if status[1:].startswith(ending):
                return event
    if code is not None and code in (451, 452, 421) and stage not in _STAGES:
        return "server_error"
    return _STAGES.get(stage, "client_rejected")
