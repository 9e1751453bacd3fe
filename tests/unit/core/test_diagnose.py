"""The ladder of confidence and what is done next: laws that hold for every cause, line and setting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.core.diagnose import ANOTHER_DEVICE, diagnose, told_by_ticket
from bot.core.model import ClientMention, Cue, ErrorText, Facts, Finding, Match, Ticket
from bot.core.observed import Account, AccountView, ServerLine, ServerView, SuccessSum
from bot.core.posterior import posterior
from bot.core.verdict import Diagnosis
from bot.logs.event import LogEvent
from bot.triage import Triager
from knowledge import load

KNOWLEDGE = load()
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ANNA, HOME, ELSEWHERE = "anna@firm.example", "192.0.2.7", "203.0.113.9"
FACTS = Facts(
    mailbox=ANNA,
    protocols=("imap",),
    domain="firm.example",
    errors=(ErrorText("x", (0, 1)),),
    clients=(ClientMention("Thunderbird"),),
)
SILENCE = ServerView("full", NOW - timedelta(hours=3), NOW, absence_proven=True, known_ips=(HOME,))


def event(**fields: Any) -> LogEvent:
    return LogEvent(
        **(
            {
                "raw": "the line",
                "event": "auth_failed",
                "outcome": "failure",
                "time": NOW,
                "service": "imap",
                "login": ANNA,
                "mailbox": ANNA,
                "remote_ip": HOME,
                "reason": "password_mismatch",
                "host": "imap1",
                "tls": "tls",
            }
            | fields
        )
    )


def view(ownership: str = "own", successes: tuple[SuccessSum, ...] = (), **fields: Any) -> ServerView:
    line = ServerLine(event(**fields), ownership, "-", True, 3.0)
    return ServerView(
        "full", NOW - timedelta(hours=3), NOW, lines=(line,), matching=line, successes=successes, known_ips=(HOME,)
    )


def success(last: datetime, ip: str = HOME, service: str = "imap") -> SuccessSum:
    return SuccessSum(ANNA, ip, service, "imap1", last.replace(minute=0), 2, last - timedelta(minutes=1), last)


def rows(*ids: str, method: str = "pattern") -> tuple[Match, ...]:
    return tuple(Match(i, i, 1.0 if method == "pattern" else 0.9, method) for i in ids)


def setting(rule: str) -> tuple[Finding, ...]:
    return (Finding(rule, "the setting", KNOWLEDGE.finding_rules[rule].check),)


def told(
    *,
    facts: Facts = FACTS,
    findings: tuple[Finding, ...] = (),
    matches: tuple[Match, ...] = (),
    server: ServerView | None = None,
    account: AccountView | None = None,
) -> Diagnosis:
    return diagnose(facts, findings, matches, server or ServerView(), account or AccountView(), KNOWLEDGE)


def lead(diagnosis: Diagnosis) -> str:
    return diagnosis.causes[0].cause


LINES: tuple[dict[str, Any], ...] = (
    {},
    {"reason": None},
    {"reason": "unknown_user"},
    {"reason": "unknown_user", "login": "anna", "mailbox": None},
    {"reason": "user_disabled", "event": "login_disabled"},
    {"event": "connection_limit", "reason": "connection_limit", "limit": 10},
    {"event": "auth_unavailable", "reason": "temp_fail"},
    {"event": "tls_failed", "reason": None, "login": None, "mailbox": None, "detail": "wrong version number"},
    {
        "event": "tls_failed",
        "reason": None,
        "login": None,
        "mailbox": None,
        "detail": "tlsv1 alert unknown ca: SSL alert number 48",
    },
    {"event": "cleartext_refused", "reason": "cleartext_auth_disabled"},
    {"event": "plan_rejected", "service": "submission", "reason": None, "detail": "plan"},
    {"event": "rate_limited", "service": "submission", "reason": None, "detail": "limit"},
    {"event": "relay_denied", "service": "submission", "reason": None},
    {"event": "recipient_rejected", "service": "submission", "reason": None},
    {"event": "quota_exceeded", "reason": None},
)
OWNERSHIPS = ("own", "mailbox", "address")


# -- laws over everything ---------------------------------------------------------------------------------

_facts = st.builds(
    lambda mailbox, cues, protocols, errors, clients: Facts(
        mailbox=mailbox,
        cues=tuple(Cue(c, (0, 1)) for c in cues),
        protocols=tuple(protocols),
        domain="firm.example",
        errors=(ErrorText("x", (0, 1)),) if errors else (),
        clients=(ClientMention("Thunderbird"),) if clients else (),
    ),
    st.sampled_from([ANNA, None]),
    st.lists(st.sampled_from(sorted(KNOWLEDGE.cues)), max_size=4, unique=True),
    st.lists(st.sampled_from(["imap", "smtp"]), max_size=2, unique=True),
    st.booleans(),
    st.booleans(),
)
_findings = st.lists(st.sampled_from(sorted(KNOWLEDGE.finding_rules)), max_size=2, unique=True).map(
    lambda ids: tuple(f for i in ids for f in setting(i))
)
_matches = st.lists(
    st.tuples(st.sampled_from(sorted(KNOWLEDGE.errors)), st.sampled_from(["pattern", "fuzzy"])), max_size=3
).map(lambda pairs: tuple(m for i, how in pairs for m in rows(i, method=how)))
_servers = st.one_of(
    st.just(ServerView()),
    st.just(SILENCE),
    st.just(ServerView("partial", failed="down")),
    st.builds(
        lambda fields, ownership, after: view(
            ownership, (success(NOW + timedelta(minutes=4)),) if after else (), **fields
        ),
        st.sampled_from(LINES),
        st.sampled_from(OWNERSHIPS),
        st.booleans(),
    ),
)
_accounts = st.sampled_from(
    [
        AccountView(),
        AccountView(absent=True),
        AccountView(failed="down"),
        AccountView(Account(ANNA, paused=True)),
        AccountView(Account(ANNA, plan="nano")),
        AccountView(Account(ANNA, paused=False, plan="pro", domain_verified=True)),
        AccountView(Account(ANNA, domain_verified=False)),
    ]
)


@given(_facts, _findings, _matches, _servers, _accounts)
@settings(max_examples=250, deadline=None)
def test_laws(
    facts: Facts, findings: tuple[Finding, ...], matches: tuple[Match, ...], server: ServerView, account: AccountView
) -> None:
    out = diagnose(facts, findings, matches, server, account, KNOWLEDGE)
    assert out.verdict in ("answer", "ask", "escalate", "none") and out.confidence in (
        "unknown",
        "guess",
        "likely",
        "confirmed",
    )
    chances = [c.probability for c in out.causes]
    assert chances == sorted(chances, reverse=True) and sum(chances) <= 1.0005 and all(0 <= c <= 1 for c in chances)
    assert len({c.cause for c in out.causes}) == len(out.causes)
    for cause in out.causes:
        assert cause.number == KNOWLEDGE.number(cause.cause)
        assert all(evidence.text for evidence, _ in cause.evidence)
    if out.causes:
        leading = out.causes[0]
        # "unknown" beside a numbered check says that nothing leads
        assert out.other == (leading.cause if leading.number is None else None) or (
            out.other == "unknown" and out.confidence == "unknown"
        )
        assert leading.cause not in out.undecided and leading.cause not in out.also
    if out.verdict == "none":
        assert out.other == "not_ours"
    if out.confidence == "confirmed":
        # settings, words, texts and silence never confirm: a line of their own, or an account fact, does
        line = server.matching is not None and server.matching.ownership in ("own", "address")
        assert line or account.account is not None
        assert not out.undecided
    if out.confidence == "unknown":
        assert out.verdict in ("ask", "escalate", "none")
    assert all(cause in KNOWLEDGE.checks or cause in KNOWLEDGE.others for cause in (*out.undecided, *out.also))
    assert out.question is None or out.question in KNOWLEDGE.questions


@given(_facts, _findings, _matches)
@settings(max_examples=120, deadline=None)
def test_without_server_and_account_nothing_is_confirmed(
    facts: Facts, findings: tuple[Finding, ...], matches: tuple[Match, ...]
) -> None:
    assert diagnose(facts, findings, matches, ServerView(), AccountView(), KNOWLEDGE).confidence != "confirmed"
    assert diagnose(facts, findings, matches, SILENCE, AccountView(), KNOWLEDGE).confidence != "confirmed"


@given(_facts, _findings, _matches)
@settings(max_examples=100, deadline=None)
def test_a_password_is_never_advised_after_a_logged_success(
    facts: Facts, findings: tuple[Finding, ...], matches: tuple[Match, ...]
) -> None:
    # who says that another device works explains the success by that one
    assume(not {c.id for c in facts.cues} & ANOTHER_DEVICE and all(c.failing is not False for c in facts.clients))
    server = view("own", (success(NOW + timedelta(minutes=5)),))
    out = diagnose(facts, findings, matches, server, AccountView(), KNOWLEDGE)
    assert not (out.verdict == "answer" and lead(out) == "mailbox-password")


# -- rungs -------------------------------------------------------------------------------------------------


def test_nothing_at_all_is_unknown_and_asked() -> None:
    out = told(facts=Facts())
    assert (out.confidence, out.verdict) == ("unknown", "ask")
    assert {"mailbox", "error_text", "client"} <= set(out.missing)


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"event": "connection_limit", "reason": "connection_limit", "limit": 10}, "imap-connection-limit"),
        ({"reason": "unknown_user", "login": "anna", "mailbox": None}, "username-full-address"),
        ({"event": "login_disabled", "reason": "user_disabled"}, "mailbox-paused-or-domain-unverified"),
        ({"event": "auth_unavailable", "reason": "temp_fail"}, "server_side"),
        ({"event": "cleartext_refused", "reason": "cleartext_auth_disabled"}, "port-and-tls"),
    ],
)
def test_their_own_decisive_line_confirms(fields: dict[str, Any], cause: str) -> None:
    out = told(server=view("own", **fields))
    assert (lead(out), out.confidence, out.verdict) == (cause, "confirmed", "answer")


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"event": "connection_limit", "reason": "connection_limit", "limit": 10}, "imap-connection-limit"),
        ({"reason": "unknown_user", "login": "anna", "mailbox": None}, "username-full-address"),
    ],
)
def test_the_same_line_from_an_unknown_address_is_likely_at_most(fields: dict[str, Any], cause: str) -> None:
    out = told(server=view("mailbox", **fields))
    assert lead(out) == cause and out.confidence in ("guess", "likely")


def test_a_wrong_password_and_an_old_profile_leave_the_same_line() -> None:
    out = told(server=view("own"))
    assert lead(out) in ("mailbox-password", "stale-client-profile")
    assert {lead(out), *out.undecided} >= {"mailbox-password", "stale-client-profile"}
    assert out.confidence != "confirmed" and out.question == "new-password-elsewhere"


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        ("unsupported-port", "port-and-tls"),
        ("host-typo", "hostnames"),
        ("host-customer-domain", "hostnames"),
        ("login-bare", "username-full-address"),
    ],
)
def test_a_faulty_setting_is_likely_never_confirmed(rule: str, cause: str) -> None:
    out = told(findings=setting(rule))
    assert lead(out) == cause and out.confidence == "likely" and out.verdict == "answer"


def test_proven_silence_with_a_text_of_no_connection_is_likely_at_most() -> None:
    out = told(matches=rows("connection-timed-out"), server=SILENCE)
    assert lead(out) in ("network-block", "hostnames") and out.confidence in ("guess", "likely")


def test_a_pattern_is_likely_and_likeness_only_a_guess() -> None:
    assert told(matches=rows("too-many-connections")).confidence == "likely"
    assert told(matches=rows("too-many-connections", method="fuzzy")).confidence == "guess"


def test_account_facts_that_alone_explain_it_confirm() -> None:
    paused = told(account=AccountView(Account(ANNA, paused=True)))
    assert (lead(paused), paused.confidence) == ("mailbox-paused-or-domain-unverified", "confirmed")
    nano = told(facts=replace(FACTS, protocols=("smtp",)), account=AccountView(Account(ANNA, plan="nano")))
    assert (lead(nano), nano.confidence) == ("plan-cannot-send", "confirmed")


def test_a_mailbox_suspended_for_abuse_is_handed_over() -> None:
    out = told(account=AccountView(Account(ANNA, paused=True, paused_reason="abuse")))
    assert (out.other, out.verdict) == ("suspended_abuse", "escalate")


def test_a_plan_that_cannot_send_does_not_explain_why_nothing_arrives() -> None:
    assert (
        lead(told(matches=rows("auth-failed"), account=AccountView(Account(ANNA, plan="nano")))) != "plan-cannot-send"
    )


def test_an_active_account_refutes_a_pause() -> None:
    active = AccountView(Account(ANNA, paused=False, domain_verified=True))

    def chance(out: Diagnosis) -> float:
        return next((c.probability for c in out.causes if c.number == 9), 0.0)

    assert (
        chance(told(matches=rows("auth-failed"), account=active)) < chance(told(matches=rows("auth-failed")))
        or chance(told(matches=rows("auth-failed"))) == 0
    )


# -- successes ---------------------------------------------------------------------------------------------


def test_a_success_of_another_protocol_or_address_proves_no_password() -> None:
    for after in (
        success(NOW + timedelta(minutes=5), service="submission"),
        success(NOW + timedelta(minutes=5), ip=ELSEWHERE),
        success(NOW - timedelta(hours=1)),
    ):
        out = told(matches=rows("auth-failed"), server=view("own", (after,)))
        assert out.verdict == "answer" or out.undecided


def test_two_faults_in_one_ticket_are_both_told() -> None:
    out = told(findings=(*setting("login-bare"), *setting("unsupported-port")))
    assert {lead(out), *out.also} >= {"username-full-address", "port-and-tls"}


def test_evidence_speaks_for_and_against() -> None:
    out = told(matches=rows("auth-failed"), server=view("own"))
    evidence = {(piece.ref, supports) for piece, supports in out.causes[0].evidence}
    assert ("the line", True) in evidence


def test_what_the_ticket_says_alone_is_expected() -> None:
    expected = posterior(told_by_ticket(FACTS, setting("host-typo"), (), KNOWLEDGE), KNOWLEDGE)
    assert sum(expected.values()) == pytest.approx(1) and max(expected, key=lambda c: expected[c]) == "hostnames"


# -- whole tickets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "Dear Sir, we offer first page on Google for your website. Reply for a quote.",
        "Please send me the invoice for October, our VAT number has changed.",
        "Wie kann ich mein Abo kündigen?",
        "Feature request: dark mode in webmail would be great!",
        "Bonjour, je souhaite passer du plan Starter au plan Pro, quel est le tarif ?",
        "My Gmail account does not accept my password any more, Google says it is wrong.",
        "請問如何更改發票抬頭？",
    ],
)
def test_what_is_not_about_connecting_gets_no_reply(triager: Triager, body: str) -> None:
    out = triager.triage(Ticket("t", body, requester="anna@firm.example"))
    assert out.diagnosis.verdict != "answer", (out.diagnosis.verdict, lead(out.diagnosis))


@pytest.mark.parametrize(
    "body",
    [
        "It does not work.",
        "Hilfe! Mail geht nicht!",
        "Ça ne marche plus",
        "メールが使えません",
        "help",
        "не работает почта",
    ],
)
def test_who_says_too_little_is_asked(triager: Triager, body: str) -> None:
    out = triager.triage(Ticket("t", body, requester="anna@firm.example"))
    assert out.diagnosis.verdict == "ask" and out.diagnosis.confidence in ("unknown", "guess")
    assert out.reply is not None and "error_text" in out.diagnosis.missing


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (
            'Thunderbird: "Login to server imap.mail.example failed". User name: anna, mailbox anna@firm.example',
            "username-full-address",
        ),
        (
            "Outlook steht auf Port 143 ohne Verschlüsselung, Server imap.trekmail.net, Verbindung fehlgeschlagen",
            "port-and-tls",
        ),
        ("Mon serveur entrant est imap.trekmial.net, erreur « serveur introuvable »", "hostnames"),
        (
            "Apple Mail on my Mac fetches nothing: NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
            "imap-connection-limit",
        ),
        ('Al enviar: "554 5.7.1 <x@y.example>: Relay access denied"', "smtp_auth_off"),
    ],
)
def test_plain_cases_in_several_languages(triager: Triager, body: str, cause: str) -> None:
    out = triager.triage(Ticket("t", body, requester="anna@firm.example")).diagnosis
    assert lead(out) == cause and out.verdict == "answer"


def test_a_programs_version_is_no_status_of_a_server(triager: Triager) -> None:
    body = "WP Mail SMTP 4.3.0 says: SMTP Error: Could not authenticate. WordPress mails stay away."
    out = triager.triage(Ticket("t", body, requester="anna@firm.example"))
    assert {m.error_id for m in out.matches}.isdisjoint({"server-temporary"})
    assert out.facts.clients[0].version == "4.3.0"


def test_silence_wants_a_topic_that_is_clearly_another(triager: Triager) -> None:
    body = (
        "Entro de boa em trekmail.net com meu email e a senha. Criei contato@firm.example. Agora no Gmail do celular dá "
        '"Nome de usuário ou senha incorretos" usando a do site. No webmail também não entra.'
    )
    assert triager.triage(Ticket("t", body, requester="anna@firm.example")).diagnosis.verdict != "none"


def test_without_a_complaint_nothing_is_answered_from_words_alone() -> None:
    cue = Cue("unpaid-invoice", (0, 1))
    question = replace(FACTS, errors=(), cues=(cue,))
    assert told(facts=question).verdict == "ask"
    assert (
        told(facts=replace(question, cues=(cue, Cue("panel-badge", (0, 1)), Cue("something-fails", (0, 1))))).verdict
        == "answer"
    )


@pytest.mark.parametrize("moved", [(), (Cue("migrated-from-provider", (0, 1)),)])
def test_another_providers_server_alone_may_be_nothing_of_ours(moved: tuple[Cue, ...]) -> None:
    diagnosis = told(facts=replace(FACTS, cues=moved), findings=setting("host-foreign"))
    chances = {c.cause: c.probability for c in diagnosis.causes}
    assert chances["stale-client-profile"] > 0.3 and (chances.get("not_ours", 0.0) > 0.1) is (not moved)
