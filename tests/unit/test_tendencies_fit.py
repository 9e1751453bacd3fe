"""The fit of knowledge/tendencies.toml: it learns what parts causes, says the same twice, and never sees a held-out
ticket."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

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
