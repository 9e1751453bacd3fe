"""The fits of knowledge/tendencies.toml and other_topics.toml: they learn what parts causes and topics, say the same
twice, and never see a held-out ticket."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from knowledge.other_topics import OtherTopics, faults
from tests.eval import other_topics
from tests.eval.tendencies import fit, rows_of, text_of

ROWS = [(("fails wifi", "spoken mail"), "network-block")] * 8 + [
    (("fails password", "spoken mail"), "mailbox-password")
] * 8


def test_what_parts_two_causes_leans_to_them_and_what_both_speak_of_to_none() -> None:
    causes, weights, _ = fit(ROWS)
    by = {trait: dict(zip(causes, own, strict=True)) for trait, own in weights.items()}
    assert by["fails wifi"]["network-block"] > 0.2 > -0.2 > by["fails wifi"]["mailbox-password"]
    assert abs(by["spoken mail"]["network-block"]) < 0.1
    assert fit(ROWS) == fit(ROWS)


def test_the_file_is_what_the_loader_reads() -> None:
    causes, weights, _ = fit(ROWS)
    table = tomllib.loads(text_of(causes, weights, ROWS))
    assert set(table["average"]) == set(causes) and table["fails"]["wifi"]["network-block"] > 0


def test_held_out_tickets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="held-out"):
        rows_of([tmp_path / "heldout9.jsonl"])


TOPICS = [(("fails printer", "holds no-client", "chance 0.1"), other_topics.ANOTHER)] * 8 + [
    (("fails mailbox", "holds setting"), other_topics.OURS)
] * 24


def test_what_parts_topics_leans_to_one_and_unknown_traits_to_none() -> None:
    table = other_topics.table_of(TOPICS)
    assert table == other_topics.table_of(TOPICS)
    assert table.fails["printer"] > 0.2 and table.holds["setting"] < -0.1
    of_printer, of_mailbox = table.chance_of(TOPICS[0][0]), table.chance_of(TOPICS[-1][0])
    assert of_printer > 0.5 > 0.2 > of_mailbox
    assert table.chance_of((*TOPICS[-1][0], "fails what nobody knows")) == of_mailbox


def test_the_topics_file_is_what_the_loader_reads() -> None:
    table = other_topics.table_of(TOPICS)
    assert OtherTopics(**tomllib.loads(other_topics.text_of(table))) == table


def test_a_table_that_names_what_nobody_knows_or_drowns_the_rest_is_refused() -> None:
    table = OtherTopics(0.0, fails={"printer": 1.0, "printr": 1.0}, shown={"secret": 9.0}, holds={"soul": 1.0})
    told = list(faults(table, {"printer"}, {"secret"}, ()))
    assert [line.split(":", 1)[1].split(" is ")[0].strip() for line in told] == [
        "[fails] printr: nothing has this name",
        "[shown] secret = 9.0",
        "[holds] soul: nothing has this name",
    ]


def test_without_a_table_no_topic_is_in_doubt() -> None:
    assert OtherTopics().chance_of(("fails printer",)) < 1e-6
