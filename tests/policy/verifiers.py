"""Mails of third parties that verify an address by a code: somebody has given the desk's address away (the "ticket
trick")."""

from __future__ import annotations

from collections.abc import Iterator

_TEXTS = (
    "Your verification code is {code}. It expires in 10 minutes.",
    "{code} is your confirmation code.",
    "Here is your one-time code: {code}",
    "Confirm your email address\n\nEnter this code: {code}",
    "Use {code} to sign in.",
    "Your login code\n{code}\nDo not share it.",
    "Security code: {code}",
    "To join the workspace enter the following code in the app:\n\n{code}",
    "Ihr Bestätigungscode lautet {code}.",
    "Dein Code: {code}",
    "Sicherheitscode: {code}",
    "Votre code de vérification est {code}",
    "Su código de verificación es {code}",
    "Il tuo codice di verifica è {code}",
    "Uw verificatiecode is {code}",
    "Twój kod weryfikacyjny: {code}",
    "Seu código de verificação é {code}",
    "Ваш код подтверждения: {code}",
    "認証コード: {code}",
    "您的验证码是 {code}",
    "PIN: {code}",
    "Your OTP is {code}",
)


def mails() -> Iterator[tuple[str, str]]:
    """(text, the code in it) of fifty."""
    for number in range(50):
        code = str(483_920 + number * 7919)
        if number % 5 == 4:
            code = f"{code[:3]}-{code[3:]}"
        yield _TEXTS[number % len(_TEXTS)].format(code=code), code
