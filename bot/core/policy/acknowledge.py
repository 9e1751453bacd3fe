"""What a customer hears of the bot besides the answer itself: thanks, and what is missing; that a human goes on, or
will. Reviewed sentences alone."""

from __future__ import annotations

from bot.core.egress import leaks
from bot.core.observed import AccountView, ServerView
from bot.core.policy.brands import branded
from bot.core.reply import choose_language, questions
from bot.core.reply_slots import fill_slots, say
from bot.core.verdict import Reply, Triage
from knowledge.model import Knowledge


def acknowledgement(triage: Triage, knowledge: Knowledge, *, handover: bool) -> Reply | None:
    """The acknowledgement of a ticket in its language (else in English); None where the last look finds what must
    not leave.

    ``handover``: it says that a human goes on and asks for nothing. It holds no fact of log or account, whoever
    reads it, and no word of the ticket. Raises ReplyError where a sentence names an unknown slot.
    """
    known = branded(knowledge, triage.facts.mailbox, triage.account.account)
    sentences = choose_language(known, triage.facts.language)
    slots = fill_slots(
        triage.facts, triage.findings, ServerView(), AccountView(), known, sentences, verified=False, zone=None
    )
    said = [say(sentences, "escalate.text", slots)] if handover else questions(triage.diagnosis, sentences, slots)
    said += [] if handover else [say(sentences, "automatic.promise", slots)]
    text = "\n\n".join(
        part.strip()
        for part in (say(sentences, "greeting", slots), *said, say(sentences, "closing", slots))
        if part.strip()
    )
    if leaks(text, (), known.settings, names=[family.name for family in known.clients]):
        return None
    return Reply(sentences.language, text)


def promised(reply: Reply, triage: Triage, knowledge: Knowledge) -> str:
    """The text of an answer that nobody clicked: above its closing it says that whoever answers it gets a human.

    A ticket has one automatic mail, so the hand-over that may follow cannot be told in a second one.
    """
    known = branded(knowledge, triage.facts.mailbox, triage.account.account)
    sentences = choose_language(known, reply.language)
    slots = fill_slots(
        triage.facts, triage.findings, ServerView(), AccountView(), known, sentences, verified=False, zone=None
    )
    closing, promise = say(sentences, "closing", slots).strip(), say(sentences, "automatic.promise", slots).strip()
    if not promise:
        return reply.text
    return "\n\n".join(
        (reply.text.removesuffix(closing).rstrip(), promise, *([closing] if reply.text.endswith(closing) else []))
    )
