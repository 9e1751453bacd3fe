"""What happens to a bot that answers by itself: floods of forged tickets, a peer that answers everything, another
copy of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.desk.values import Envelope
from bot.core.policy.marks import headers_of
from tests.policy.office import SETTINGS_FAULT, Helpdesk, proven, unproven

VICTIM = "victim@opfer.example"


def forged_tickets(desk: Helpdesk, number: int, *, victim: bool) -> int:
    """So many tickets that name one victim (in all spellings of one inbox), or each another; all automatic mails so
    far."""
    for n in range(number):
        address = (
            (VICTIM, "Victim@Opfer.example", f"victim+{n}@opfer.example")[n % 3]
            if victim
            else f"victim{n}.{len(desk.outbox.sent)}@opfer.example"
        )
        desk.ticket(SETTINGS_FAULT.format(mailbox=address), unproven(address))
    desk.work(turns=number * 20)
    return sum(d.send.automatic for d in desk.outbox.replies)


def peer_that_answers_everything(desk: Helpdesk, *, hours: int, most: int) -> int:
    """A peer whose answers come as new tickets without any header that tells; it also repeats itself. Mails out
    within ``hours``.

    ``most``: tickets in all, evenly over the time besides the answers.
    """
    peer, answered = "peer@autoresponder.example", 0
    end = desk.clock.moment + timedelta(hours=hours)
    while desk.clock.moment < end:
        desk.ticket(SETTINGS_FAULT.format(mailbox=peer), Envelope(peer, (("From", peer),)))
        desk.work()
        while answered < len(desk.outbox.replies):  # each of ours is answered at once
            answered += 1
            desk.ticket(
                "Thank you for your message, it does not work. " + SETTINGS_FAULT.format(mailbox=peer),
                Envelope(peer, (("From", peer),)),
            )
            desk.work()
        desk.pass_(hours=hours / most)
    return len(desk.outbox.replies)


def bot_meets_bot(ours: Helpdesk, theirs: Helpdesk, *, stripping: bool, rounds: int = 20) -> int:
    """Our answers are tickets of theirs, and theirs are ours; a relay between them may strip every mark. Mails in
    all."""
    ours.ticket(SETTINGS_FAULT.format(mailbox="b@desk.example"), proven("b@desk.example"))
    read = [0, 0]
    for _ in range(rounds):
        for this, (office, other, address) in enumerate(
            ((ours, theirs, "a@host.example"), (theirs, ours, "b@desk.example"))
        ):
            office.work()
            for delivery in office.outbox.replies[read[this] :]:
                marks = () if stripping else tuple(headers_of("ab12", automatic=True).items())
                other.ticket(
                    str(delivery.send.payload["text"]) + SETTINGS_FAULT.format(mailbox=address),
                    replace(proven(address), headers=(*proven(address).headers, *marks)),
                )
            read[this] = len(office.outbox.replies)
        for office in (ours, theirs):
            office.pass_(minutes=30)
    return sum(len(o.outbox.replies) for o in (ours, theirs))
