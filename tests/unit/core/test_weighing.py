"""Weights fitted to decisions: what is in the labels is found, what is not stays where it is, and only held-out
labels say whether it is better."""

from __future__ import annotations

import random
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.posterior import chances, leanings, posterior, priors, sparse
from bot.core.verdict import Evidence
from bot.core.weighing import FEWEST, Example, complete, file_of, fit, measure, propose
from knowledge import load
from knowledge.model import Weights

KNOWLEDGE = load(None)
CAUSES = sorted(priors(KNOWLEDGE))[:8]


def drawn(count: int, weights: Weights, seed: int = 5) -> list[Example]:
    """Tickets whose right causes follow the model with ``weights``."""
    chance, world = random.Random(seed), replace(KNOWLEDGE, weights=weights)
    out = []
    for number in range(count):
        said = {
            kind: {c: round(chance.gauss(0, 1.2), 3) for c in chance.sample(CAUSES, 3)}
            for kind in ("error", "words", "server")
            if chance.random() < 0.8
        }
        if said:
            now, truth = chances(said, KNOWLEDGE), chances(said, world)
            right = chance.choices(list(truth), list(truth.values()))[0]
            out.append(
                Example(
                    f"t{number}",
                    datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number),
                    said,
                    max(now, key=lambda c: now[c]),
                    right,
                )
            )
    return out


def test_sparse_leanings_say_the_same() -> None:
    pieces = [
        (Evidence("error", "x", "x", {"hostnames": 0.6, "port-and-tls": 0.2}), 1.0),
        (Evidence("words", "x", "x", {}, {"hostnames": 0.3}), 0.5),
    ]
    assert chances(sparse(leanings(pieces, KNOWLEDGE)), KNOWLEDGE) == pytest.approx(
        posterior(pieces, KNOWLEDGE), abs=1e-3
    )
    assert set(sparse(leanings(pieces, KNOWLEDGE))["words"]) == {"hostnames"}


def test_few_labels_propose_nothing() -> None:
    assert propose(drawn(FEWEST - 20, KNOWLEDGE.weights), KNOWLEDGE) is None and propose([], KNOWLEDGE) is None


def test_what_the_labels_say_is_found_and_shown_on_tickets_that_it_has_not_seen() -> None:
    present = complete(KNOWLEDGE)
    truth = Weights({**present.kinds, "words": 0.4, "server": 2.2}, {**present.causes, CAUSES[0]: 3.0})
    examples = drawn(700, truth)
    proposal = propose(examples, KNOWLEDGE)
    assert proposal is not None and proposal.better and proposal.after.log_loss < proposal.before.log_loss - 0.02
    assert (
        proposal.weights.kinds["words"] < 1.0 < 1.5 < proposal.weights.kinds["server"]
        and proposal.weights.kinds["account"] == present.kinds["account"]
    ), "no evidence of that kind was seen"
    assert proposal.to_right > proposal.to_wrong and sum(n for _, _, n, _ in proposal.changed) >= proposal.to_right
    assert measure(examples[proposal.fitted :], proposal.weights, KNOWLEDGE).log_loss == pytest.approx(
        proposal.after.log_loss
    )
    assert propose(list(reversed(examples)), KNOWLEDGE) == proposal, "the same labels in any order give the same"
    written = tomllib.loads(file_of(proposal))
    assert written["kinds"]["server"] == pytest.approx(proposal.weights.kinds["server"]) and set(written) == {
        "kinds",
        "causes",
    }


def test_labels_that_agree_with_the_present_weights_move_little() -> None:
    fitted = fit(drawn(400, complete(KNOWLEDGE), seed=9), KNOWLEDGE)
    assert all(abs(value - KNOWLEDGE.weights.kinds[kind]) < 0.3 for kind, value in fitted.kinds.items())
    assert all(0.5 < factor < 2.0 for factor in fitted.causes.values())
