"""How TLS modes and protocols are written in eleven languages. All match folded text."""

from __future__ import annotations

from knowledge.gated import Gated

TLS = (
    ("starttls", Gated(r"start[\s-]?t?t?ls|stattls|startls|strattls")),
    (
        "none",
        Gated(
            r"(?:no|without|none|keine?|ohne|aucune?|sans|ning[uú]n[ao]?|sin|nessuna?|senza|geen|zonder|sem|nenhuma?|"
            r"brak|bez|без|нет|なし|无|無)\s+(?:ssl|tls|encryption|verschlüsselung|chiffrement|cifrado|crittografia|"
            r"versleuteling|criptografia|encripta\w+|szyfrowani\w+|шифрован\w+)|(?:ssl|tls|encryption|security|verschlüsselung|sicherheit|"
            r"chiffrement|cifrado|connection\s+security|verbindungssicherheit)(?:/tls)?\s*[:=]?\s*(?:is\s+)?(?:off|none|no\b|false|keine|aus|aucune?|ninguna|nessuna|geen|brak|нет)|"
            r"\bunencrypted\b|(?<=\d)[\s,/]{1,3}none\b|暗号化なし|不加密"
        ),
    ),
    (
        "implicit",
        Gated(
            r"(?<!start)(?<![\w])(?:ssl\s?/\s?tls|tls\s?/\s?ssl|ssl|tls|implicit\w*)(?!\w)(?!\s*(?:error|fehler|handshake|certificate|zertifikat|v?1[.\d]))"
        ),
    ),
)
PROTOCOL = (
    (
        "imap",
        Gated(
            r"\bimaps?\b|incoming|inbound|posteingang\w*|eingang\w*|entrant\w*|\bentrante|entrata|inkomend\w*|przychodz\w+|входящ\w+|受信|接收|收件"
        ),
    ),
    (
        "smtp",
        Gated(
            r"\bsmtps?\b|outgoing|outbound|postausgang\w*|ausgang\w*|sortant\w*|saliente|uscita|uitgaand\w*|\bsaída|wychodz\w+|исходящ\w+|送信|发送|發送|发件|submission"
        ),
    ),
    ("pop3", Gated(r"\bpop(?:3s?)?\b(?![ -]?up)")),
)
OTHER_CONTEXT = Gated(
    r"\btelnet\b|\bnc\b|\bnmap\b|s_client|firewall\w*|pare-?feu|cortafuegos|\bopen(?:ed)?\s+in\b|freigeschaltet|портами|"
    r"(?<!\bno)\bscan\b"
)
FORMER_CONTEXT = Gated(
    r"used\s+to\s+(?:use|be)|\bold\s+(?:server|provider|host)|before\s+(?:we\s+)?(?:moved|migrat)|früher|bisher(?:iger)?|alte[rn]?\s+(?:anbieter|server)|"
    r"ancien\w*\s+(?:serveur|fournisseur|hébergeur)|anterior|antig[oa]|viej[oa]|vecchi[oa]|precedente|vorige|oude|poprzedni\w*|star(?:y|ego|ym)\s|прежн\w+|старо\w+\s+сервер"
)
"""Words of a former provider; a host of ours in such a sentence is a setting all the same."""
