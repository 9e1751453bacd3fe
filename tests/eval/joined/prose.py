"""How customers write: per language a few ways to open, to quote an error, to say when, and what they add unasked."""

from __future__ import annotations

import html
import random
from datetime import datetime, timedelta

OFFSETS = {
    "en": (0, 0, 0, 1, -5),
    "de": (1,),
    "fr": (1,),
    "es": (1,),
    "it": (1,),
    "nl": (1,),
    "pt": (0,),
    "pl": (1,),
    "ru": (3,),
    "ja": (9,),
    "zh": (8,),
    "sv": (1,),
}
"""Hours that the customer's clock is ahead of UTC in November."""

# receive, send: sentences with {c} for the client and {q} for the quoted text. vague: the same without a text.
TALK: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "subject": ("mail not working", "error", "cannot connect", "help pls", "Problem with e-mail", "mail broken"),
        "quoted": (
            '{c} says: "{q}".',
            'In {c} I get "{q}" every time.',
            "{c}:\n\n{q}\n",
            "Hi, {c} keeps showing {q}",
            "{q} <- thats what {c} tells me",
        ),
        "receive": ("{c} does not fetch any mail.", "No mail comes in with {c}, it just wont connect."),
        "send": ("I can't send from {c}, receiving is ok.", "{c} refuses to send anything."),
        "exact": ("It was {t}.", "{t}", "around {t} my time", "Happens since {t}."),
        "part": (
            "This morning.",
            "That was this morning, don't remember exactly.",
            "Around lunchtime today.",
            "Since this afternoon.",
        ),
        "extra": (
            "Password is correct, I'm sure.",
            "Nothing was changed on my side.",
            "My colleague has no trouble.",
            "Please check asap.",
            "We restarted the router, no change.",
            "I had a look at the dashboard but it is greek to me.",
        ),
        "receive_ok": ("Receiving works fine.",),
        "old_device": ("It is an old scanner in the copy room.",),
        "worked": ("It has worked for months. It polls every few minutes on its own.",),
        "switched": ("We switched the MX to you on Monday, mail arrives in webmail.",),
        "moved": ("We moved to you from another provider last week, I only changed the host.",),
        "all_fail": ("All of us have it, passwords were never changed!!",),
        "own_domain": ("Only for a colleague at our own domain, everybody else is ok.",),
        "set": ("Settings: {s}.", "I have {s}."),
        "webmail": ("Webmail works with the same password.",),
        "bye": ("Thanks", "Regards", "Cheers"),
    },
    "de": {
        "subject": ("E-Mail geht nicht", "Fehler", "Problem mit Postfach", "keine Mails"),
        "quoted": (
            '{c} meldet: "{q}"',
            "Guten Tag, in {c} kommt immer {q}",
            "Hallo, {c} zeigt folgende Meldung:\n\n{q}\n",
        ),
        "receive": ("{c} ruft keine Mails mehr ab.",),
        "send": ("Mit {c} kann ich nichts mehr senden, Empfang ok.",),
        "exact": ("Das war um {t} Uhr.", "seit {t} Uhr", "gegen {t}"),
        "part": ("Heute früh.", "heute Mittag etwa", "seit heute Vormittag"),
        "extra": ("Das Passwort stimmt sicher.", "Ich habe nichts geändert.", "Bitte um schnelle Hilfe."),
        "receive_ok": ("Empfangen geht.",),
        "old_device": ("Es ist ein alter Scanner.",),
        "worked": ("Lief seit Monaten, das Programm fragt alle paar Minuten von selbst ab.",),
        "switched": ("Am Montag haben wir den MX auf euch umgestellt.",),
        "moved": ("Wir sind letzte Woche vom alten Anbieter umgezogen, ich habe nur den Host geändert.",),
        "all_fail": ("Alle Kollegen haben das gleichzeitig!",),
        "own_domain": ("Nur bei einem Kollegen in unserer eigenen Domain, alle anderen gehen.",),
        "set": ("Einstellungen: {s}.",),
        "webmail": ("Im Webmail klappt dasselbe Passwort.",),
        "bye": ("Mit freundlichen Grüßen", "Gruß"),
    },
    "fr": {
        "subject": ("messagerie en panne", "erreur", "problème de connexion"),
        "quoted": ("Bonjour, {c} affiche « {q} »", "Dans {c} j'ai le message suivant :\n\n{q}\n"),
        "receive": ("{c} ne reçoit plus rien.",),
        "send": ("Impossible d'envoyer depuis {c}, la réception fonctionne.",),
        "exact": ("C'était à {t}.", "depuis {t}", "vers {t}"),
        "part": ("Ce matin.", "vers midi aujourd'hui"),
        "extra": ("Le mot de passe est bon.", "Je n'ai rien changé.", "Merci de vérifier."),
        "receive_ok": ("La réception marche.",),
        "old_device": ("C'est un vieux scanner.",),
        "worked": ("Cela marchait depuis des mois, il relève tout seul toutes les quelques minutes.",),
        "switched": ("Nous avons basculé le MX chez vous lundi.",),
        "moved": ("Nous avons migré de l'ancien fournisseur la semaine dernière, je n'ai changé que le serveur.",),
        "all_fail": ("Tous les collègues ont la même chose !",),
        "own_domain": ("Seulement pour une collègue de notre propre domaine.",),
        "set": ("Réglages : {s}.",),
        "webmail": ("Le webmail fonctionne avec le même mot de passe.",),
        "bye": ("Cordialement",),
    },
    "es": {
        "subject": ("no funciona el correo", "error de correo"),
        "quoted": ('Hola, {c} dice "{q}"', "En {c} me sale:\n\n{q}\n"),
        "receive": ("{c} no descarga ningún correo.",),
        "send": ("No puedo enviar desde {c}, recibir sí.",),
        "exact": ("Fue a las {t}.", "desde las {t}"),
        "part": ("Esta mañana.", "hoy a mediodía"),
        "extra": ("La contraseña es correcta.", "No he cambiado nada."),
        "receive_ok": ("Recibir funciona.",),
        "old_device": ("Es un escáner antiguo.",),
        "worked": ("Funcionaba desde hace meses, consulta solo cada pocos minutos.",),
        "switched": ("El lunes cambiamos el MX a ustedes.",),
        "moved": ("Nos cambiamos de proveedor la semana pasada, solo cambié el servidor.",),
        "all_fail": ("¡Nos pasa a todos!",),
        "own_domain": ("Solo con un compañero de nuestro dominio.",),
        "set": ("Ajustes: {s}.",),
        "webmail": ("El webmail funciona con la misma contraseña.",),
        "bye": ("Saludos",),
    },
    "it": {
        "subject": ("posta non funziona", "errore"),
        "quoted": ('Salve, {c}: "{q}"', "Con {c} compare questo:\n\n{q}\n"),
        "receive": ("{c} non scarica la posta.",),
        "send": ("Non riesco a inviare da {c}, la ricezione va.",),
        "exact": ("Erano le {t}.", "dalle {t}"),
        "part": ("Stamattina.", "oggi verso mezzogiorno"),
        "extra": ("La password è giusta.", "Non ho cambiato niente."),
        "receive_ok": ("La ricezione funziona.",),
        "old_device": ("È un vecchio scanner.",),
        "worked": ("Funzionava da mesi, controlla da solo ogni pochi minuti.",),
        "switched": ("Lunedì abbiamo spostato il MX da voi.",),
        "moved": ("Siamo passati da voi dal vecchio provider la settimana scorsa, ho cambiato solo il server.",),
        "all_fail": ("Succede a tutti i colleghi!",),
        "own_domain": ("Solo per un collega del nostro dominio.",),
        "set": ("Impostazioni: {s}.",),
        "webmail": ("La webmail funziona con la stessa password.",),
        "bye": ("Cordiali saluti",),
    },
    "nl": {
        "subject": ("mail werkt niet", "foutmelding"),
        "quoted": ('Hallo, {c} geeft "{q}"', "In {c} krijg ik:\n\n{q}\n"),
        "receive": ("{c} haalt geen mail meer op.",),
        "send": ("Ik kan met {c} niet verzenden, ontvangen gaat wel.",),
        "exact": ("Dat was om {t}.", "sinds {t}"),
        "part": ("Vanmorgen.", "rond het middaguur"),
        "extra": ("Het wachtwoord klopt.", "Ik heb niets veranderd."),
        "receive_ok": ("Ontvangen werkt.",),
        "old_device": ("Het is een oude scanner.",),
        "worked": ("Werkte al maanden, hij haalt elke paar minuten zelf op.",),
        "switched": ("Maandag is de MX naar jullie omgezet.",),
        "moved": ("Vorige week overgestapt van de oude provider, alleen de server aangepast.",),
        "all_fail": ("Iedereen hier heeft het!",),
        "own_domain": ("Alleen bij een collega van ons eigen domein.",),
        "set": ("Instellingen: {s}.",),
        "webmail": ("Webmail werkt met hetzelfde wachtwoord.",),
        "bye": ("Groeten",),
    },
    "pt": {
        "subject": ("email nao funciona", "erro"),
        "quoted": ('Olá, o {c} mostra "{q}"', "No {c} aparece:\n\n{q}\n"),
        "receive": ("O {c} não recebe emails.",),
        "send": ("Não consigo enviar pelo {c}, receber funciona.",),
        "exact": ("Foi às {t}.", "desde as {t}"),
        "part": ("Hoje de manhã.", "hoje à hora do almoço"),
        "extra": ("A senha está certa.", "Não mudei nada."),
        "receive_ok": ("Receber funciona.",),
        "old_device": ("É um scanner antigo.",),
        "worked": ("Funcionava há meses, verifica sozinho a cada poucos minutos.",),
        "switched": ("Na segunda-feira mudámos o MX para vocês.",),
        "moved": ("Mudámos do fornecedor antigo na semana passada, só troquei o servidor.",),
        "all_fail": ("Acontece a todos!",),
        "own_domain": ("Só para um colega do nosso domínio.",),
        "set": ("Definições: {s}.",),
        "webmail": ("A senha funciona no webmail.",),
        "bye": ("Obrigada",),
    },
    "pl": {
        "subject": ("poczta nie działa", "błąd"),
        "quoted": ('Dzień dobry, {c} pokazuje "{q}"', "W {c} mam:\n\n{q}\n"),
        "receive": ("{c} nie odbiera poczty.",),
        "send": ("Nie mogę wysyłać z {c}, odbiór działa.",),
        "exact": ("To było o {t}.", "od {t}"),
        "part": ("Dziś rano.", "dziś w południe"),
        "extra": ("Hasło jest poprawne.", "Nic nie zmieniałem."),
        "receive_ok": ("Odbieranie działa.",),
        "old_device": ("To stary skaner.",),
        "worked": ("Działało od miesięcy, samo sprawdza co kilka minut.",),
        "switched": ("W poniedziałek przełączyliśmy MX na was.",),
        "moved": ("W zeszłym tygodniu przeszliśmy od starego dostawcy, zmieniłem tylko serwer.",),
        "all_fail": ("Wszyscy tak mają!",),
        "own_domain": ("Tylko do kolegi z naszej domeny.",),
        "set": ("Ustawienia: {s}.",),
        "webmail": ("Webmail działa z tym samym hasłem.",),
        "bye": ("Pozdrawiam",),
    },
    "ru": {
        "subject": ("почта не работает", "ошибка"),
        "quoted": ("Здравствуйте, {c} пишет «{q}»", "В {c} ошибка:\n\n{q}\n"),
        "receive": ("{c} не получает почту.",),
        "send": ("Не могу отправить из {c}, приём работает.",),
        "exact": ("Это было в {t}.", "с {t}"),
        "part": ("Сегодня утром.", "сегодня около полудня"),
        "extra": ("Пароль верный.", "Я ничего не менял."),
        "receive_ok": ("Приём работает.",),
        "old_device": ("Это старый сканер.",),
        "worked": ("Работало месяцами, программа сама проверяет каждые несколько минут.",),
        "switched": ("В понедельник переключили MX на вас.",),
        "moved": ("На прошлой неделе переехали от старого провайдера, поменял только сервер.",),
        "all_fail": ("У всех коллег то же самое!",),
        "own_domain": ("Только коллеге в нашем домене.",),
        "set": ("Настройки: {s}.",),
        "webmail": ("В веб-почте тот же пароль работает.",),
        "bye": ("С уважением",),
    },
    "ja": {
        "subject": ("メールが使えません", "エラー"),
        "quoted": ("{c} で「{q}」と表示されます。", "{c} のエラー:\n\n{q}\n"),
        "receive": ("{c} で受信できません。",),
        "send": ("{c} から送信できません。受信はできます。",),
        "exact": ("{t} ごろです。", "{t} から発生しています。"),
        "part": ("今朝のことです。", "今日の昼ごろです。"),
        "extra": ("パスワードは正しいです。", "設定は変えていません。"),
        "receive_ok": ("受信はできます。",),
        "old_device": ("古いスキャナーです。",),
        "worked": ("数か月問題なく動いていました。数分ごとに自動で確認します。",),
        "switched": ("月曜日にMXをそちらへ切り替えました。",),
        "moved": ("先週、前の業者から移行し、サーバー名だけ変更しました。",),
        "all_fail": ("全員同じ状態です。",),
        "own_domain": ("自社ドメインの同僚宛てだけ失敗します。",),
        "set": ("設定: {s}。",),
        "webmail": ("ウェブメールは同じパスワードで使えます。",),
        "bye": ("よろしくお願いします",),
    },
    "zh": {
        "subject": ("邮件无法使用", "错误"),
        "quoted": ("你好,{c} 提示“{q}”", "{c} 报错:\n\n{q}\n"),
        "receive": ("{c} 收不到邮件。",),
        "send": ("{c} 不能发送,接收正常。",),
        "exact": ("时间是 {t}。", "从 {t} 开始"),
        "part": ("今天早上。", "今天中午左右"),
        "extra": ("密码是正确的。", "我没有改过设置。"),
        "receive_ok": ("接收正常。",),
        "old_device": ("这是一台旧扫描仪。",),
        "worked": ("几个月来一直正常,程序每隔几分钟自动检查。",),
        "switched": ("周一我们把MX切换到你们这里。",),
        "moved": ("上周从旧服务商迁移过来,只改了服务器。",),
        "all_fail": ("所有同事都这样!",),
        "own_domain": ("只有发给我们自己域名的同事时失败。",),
        "set": ("设置:{s}。",),
        "webmail": ("网页邮箱用同一个密码可以登录。",),
        "bye": ("谢谢",),
    },
    "sv": {
        "subject": ("kan inte använda mejlen", "fel"),
        "quoted": ('Hej! {c}: "{q}"', "I {c} står det:\n\n{q}\n"),
        "receive": ("{c} hämtar ingen e-post.",),
        "send": ("Kan inte skicka från {c}, ta emot fungerar.",),
        "exact": ("Klockan var {t}.", "sedan {t}"),
        "part": ("I morse.", "vid lunchtid i dag"),
        "extra": ("Lösenordet stämmer.", "Jag har inte ändrat något."),
        "receive_ok": ("Ta emot fungerar.",),
        "old_device": ("Det är en gammal skanner.",),
        "worked": ("Har fungerat i månader, den hämtar själv med några minuters mellanrum.",),
        "switched": ("I måndags bytte vi MX till er.",),
        "moved": ("Vi flyttade från den gamla leverantören förra veckan, jag bytte bara server.",),
        "all_fail": ("Alla har det!",),
        "own_domain": ("Bara till en kollega på vår egen domän.",),
        "set": ("Inställningar: {s}.",),
        "webmail": ("Webbmejlen fungerar med samma lösenord.",),
        "bye": ("Mvh",),
    },
}
FILLERS = (
    "Our newsletter runs through another program and has nothing to do with it.",
    "We have a deadline tomorrow, please treat as urgent.",
    "I was with another provider before and never had to write to them.",
)
SINCE = ("since", "seit", "depuis", "desde", "dalle", "sinds", "od ", "с {", "から", "从", "sedan")
DISCLAIMER = "This message is confidential. If you are not the intended recipient, delete it and notify the sender."


def since(rng: random.Random, lang: str, failed: datetime) -> str:
    """For a failure that goes on: "since" and the minute at which it began."""
    local = failed + timedelta(hours=rng.choice(OFFSETS[lang]))
    ongoing = [p for p in TALK[lang]["exact"] if any(word in p for word in SINCE)]
    return rng.choice(ongoing or TALK[lang]["exact"]).format(t=f"{local.hour}:{local.minute:02d}")


def when(rng: random.Random, lang: str, failed: datetime, *, sharp: bool) -> tuple[str, int]:
    """What the customer says about the time, in their own zone, and that zone's hours ahead of UTC.

    The part of the day is only said where it fits the local hour; otherwise the hour itself.
    """
    offset = rng.choice(OFFSETS[lang])
    local = failed + timedelta(hours=offset)
    parts = {0: range(6, 12), 1: range(11, 15)}
    fitting = [p for i, p in enumerate(TALK[lang]["part"][:1] + TALK[lang]["part"][-1:]) if local.hour in parts[i]]
    if not sharp and fitting:
        return fitting[0], offset
    style = rng.randrange(3)
    step = (1, 30, 15)[style]
    told = local + timedelta(minutes=step / 2 if step > 1 else 0)
    said = f"{told.hour}:{told.minute // step * step:02d}"
    phrase = rng.choice(TALK[lang]["exact"])
    if lang == "en" and offset == 0 and "my time" not in phrase and rng.random() < 0.4:
        said += " UTC"
    return phrase.format(t=said), offset


def slip(rng: random.Random, text: str) -> str:
    """One typing error in the prose (two neighbouring letters swapped)."""
    letters = [i for i in range(1, len(text) - 2) if text[i].isalpha() and text[i + 1].isalpha() and text[i].isascii()]
    if not letters:
        return text
    i = rng.choice(letters)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def as_html(text: str, lang: str) -> str:
    """The same text as Outlook or Apple Mail wrap it."""
    paragraphs = "".join(
        f'<p class="MsoNormal">{html.escape(p, quote=False).replace(chr(10), "<br>")}</p>'
        for p in text.split("\n\n")
        if p.strip()
    )
    return f'<html><head><meta charset="utf-8"><style>p.MsoNormal{{margin:0cm;font-family:Calibri}}</style></head><body lang="{lang}">{paragraphs}</body></html>'
