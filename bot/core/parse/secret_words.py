"""The words that announce a secret, and those that only talk about one, in the languages customers write."""

from __future__ import annotations

from typing import Final

LONG_LABELS: Final = (
    "pass-?words?",
    "passwd",
    "passphrase",
    "passcode",
    "password",
    "pass ?wort(?:es|s|e)?",
    "paßwort",
    "kennwort(?:es|s|e)?",
    "mots? de passe",
    "contrase(?:ñ|n|nh)as?",
    "parola d['’]ordine",
    "parola chiave",
    "wacht ?woord",
    "pas ?woord",
    "has[łl](?:o|a|em|u|ami)",
    "senhas?",
    "palavra[- ]passe",
    "парол(?:ь|я|ю|ем|ей|і|ю|и)",
    "lösenord(?:et)?",
    "adgangskode(?:n)?",
    "kodeord(?:et)?",
    "passord(?:et)?",
    "salasana(?:ni)?",
    "hesl(?:o|a|em)",
    "jelszó",
    "jelszav(?:am|a|unk)?",
    "şifre(?:m|si)?",
    "parol[ăa]",
    "κωδικ(?:ός|ό)",
    "zugangscode",
    "codice segreto",
)
"""Words that may be the tail of a longer one (E-Mail-Passwort, smtp_password)."""

SHORT_LABELS: Final = (
    "pwd?",
    "pwds",
    "pass",
    "psw",
    "pswd",
    "mdp",
    "clave",
    "pin",
    "kw",
    "pass?wd",
    "secret",
    "geheimnis",
)
"""Words that must stand alone (an underscore or a digit may precede)."""

KEY_LABELS: Final = (
    "api[-_ ]?keys?",
    "apikey",
    "secret[-_ ]?key",
    "access[-_ ]?key(?:[-_ ]?id)?",
    "client[-_ ]?secret",
    "auth[-_ ]?token",
    "access[-_ ]?token",
    "refresh[-_ ]?token",
    "tokens?",
    "secret",
    "api[-_ ]?schlüssel",
    "clé api",
    "clave api",
    "chiave api",
    "klucz api",
    "chave api",
    "api[-_ ]?ключ",
    "ключ api",
    "токен",
    "app[-_ ]?secret",
    "accountkey",
    "private[-_ ]?key",
    "session(?:[-_ ]?id)?",
    "cookie",
    "apiキー",
    "トークン",
    "令牌",
    "密钥",
)

CJK_LABELS: Final = ("パスワード", "暗証番号", "合言葉", "密码", "密碼", "口令", "授权码", "授權碼", "비밀번호", "암호")

CODE_LABELS: Final = (
    "verification code",
    "security code",
    "one[- ]time (?:code|password)",
    "otp(?: code)?",
    "2fa(?:[- ]code)?",
    "tan",
    "bestätigungscode",
    "sicherheitscode",
    "code de vérification",
    "código de verificación",
    "codice di verifica",
    "verificatiecode",
    "kod weryfikacyjny",
    "código de verificação",
    "код подтверждения",
    "確認コード",
    "認証コード",
    "验证码",
    "驗證碼",
    "cvv",
    "cvc",
    "backup codes?",
    "recovery codes?",
)

ONE_TIME: Final = (
    "(?:verification|confirmation|login|log-in|sign-?in|security|access|one[- ]time|authentication) code",
    "(?:enter|type|use) (?:this|the(?: following)?) code",
    r"\b(?:your|ihr|dein|votre|ton|uw|je) (?:otp|code)",
    "bestätigungscode",
    "sicherheitscode",
    "anmeldecode",
    "code de (?:vérification|confirmation|connexion)",
    "código de (?:verificación|confirmación|verificação|acesso)",
    "codice di (?:verifica|conferma)",
    "verificatiecode",
    "kod (?:weryfikacyjny|potwierdzający)",
    "код подтверждения",
    "確認コード",
    "認証コード",
    "验证码",
    "驗證碼",
)
"""What a mail calls the code by which it verifies its reader."""

COPULAS: Final = (
    "is",
    "was",
    "are",
    "being",
    "reads",
    "ist",
    "war",
    "lautet",
    "wäre",
    "heißt",
    "heisst",
    "est",
    "était",
    "es",
    "era",
    "è",
    "e'",
    "été",
    "luidt",
    "to",
    "brzmi",
    "jest",
    "é",
    "foi",
    "это",
    "был",
    "är",
    "er",
    "on",
    "je",
    "byl",
    "equals",
    "set to",
    "changed to",
    "now",
    "jetzt",
    "también",
    "still",
)

LINKERS: Final = (
    "for",
    "of",
    "für",
    "fuer",
    "zu",
    "zum",
    "zur",
    "von",
    "vom",
    "des",
    "der",
    "pour",
    "de",
    "du",
    "para",
    "per",
    "di",
    "del",
    "voor",
    "van",
    "dla",
    "do",
    "da",
    "от",
    "для",
    "к",
    "till",
    "til",
    "on",
    "at",
)

_SMALL: Final = """
a an the this that my our your his her their its same is was are be been being it i we you he she they not
no none never nothing any all some and or but if when then than as at in on of to for from with without by
via per into after before again still only just also too very more please check see below above here there
yes ok okay fine good bad right wrong correct incorrect invalid valid unchanged changed saved stored
remembered new old empty blank missing required optional needed expired reset rejected refused accepted
denied failed fails failure failing fail error errors mismatch mismatched unknown known normal plain
plaintext cleartext encrypted secure unsecure insecure hashed hidden masked removed redacted withheld
authentication authorization auth login logon sign signin user username password passwords pass pwd
account mailbox mail email server smtp imap pop pop3 ssl tls starttls oauth oauth2 xoauth2 kerberos ntlm
gssapi cram-md5 digest-md5 scram-sha-1 scram-sha-256 md5 apop none/never prompt field box entry entered
typed tested verified confirmed checked working works work worked matches match does did do has have had
can cannot could should would will may might must try tried retry use used using set sent send given ask
asks asked asking requested request need n/a na null nil true false undefined todo tbd unlimited default
automatic auto manual protected update updated change long short strong weak different identical provided
available separately phone das der die dem den des ein eine einen einem ist war sind wurde wird werden
nicht kein keine keinen mein meine meinem unser unsere ihr ihre sein seine dein und oder aber wenn als wie
mit ohne von vom zu zum zur bei im auf aus für über noch nur auch schon immer wieder gleich gleiche
gleiches selbe dasselbe falsch richtig korrekt inkorrekt stimmt gültig ungültig abgelaufen unverändert
geändert gespeichert gespeichertes geprüft getestet erforderlich benötigt leer unbekannt bekannt normales
passwort kennwort verschlüsselt verschlüsseltes unverschlüsselt klartext keines ja nein siehe bitte neu
neues alt altes ungesichert sicher fehler fehlgeschlagen abgelehnt übertragung übertragen gesichert
versteckt automatisch standard postfach konto anmeldung authentifizierung haben habe hat le la les un une
du de mon ma mes notre votre son sa est sont était pas ne non oui et ou mais si avec sans pour par sur
dans en au aux même correcte incorrecte bon bonne mauvais mauvaise faux fausse invalide valide expiré
inchangé enregistré requis obligatoire vide inconnu chiffré erreur refusé rejeté échec mot passe voir el
los las una mi mis su sus nuestro es era fue sí y o pero con sin para por del al misma mismo correcta
correcto incorrecta incorrecto válida inválida no-válida caducada guardada requerida vacía desconocida
cifrada rechazada contraseña clave ver il lo gli uno mia mio nostra è sono sì senza da di nel nella stessa
stesso corretta corretto errata errato sbagliata valida scaduta salvata richiesta obbligatoria vuota
sconosciuta normale cifrata crittografata errore rifiutata vedi het een mijn onze uw zijn niet geen nee
maar met zonder voor van op bij zelfde dezelfde juist onjuist fout verkeerd geldig ongeldig verlopen
ongewijzigd opgeslagen vereist leeg onbekend normaal versleuteld wachtwoord zie jest są był było nie tak
lub ale z bez dla w samo moje nasze poprawne niepoprawne prawidłowe nieprawidłowe błędne złe dobre ważne
nieważne wygasło zapisane wymagane puste nieznane normalne zwykłe zaszyfrowane szyfrowane błąd odrzucone
hasło os um uma meu minha nosso nossa seu sua é são não sim e mas com sem mesma mesmo correta correto
incorreta incorreto errada expirada salva obrigatória vazia desconhecida criptografada encriptada erro
recusada senha это был была не нет да и или но с без для на в мой моя наш ваш тот же верный неверный
неправильный правильный действителен недействителен истёк сохранён требуется пустой неизвестен обычный
зашифрованный ошибка отклонён пароль normalt fel fejl feil samme rätt riktigt rett krypterat ingen okänd
krävs sparat
"""

NOT_SECRET: Final = frozenset(_SMALL.split())
"""What may stand where a password would, and is none: settings, verdicts, small words."""
