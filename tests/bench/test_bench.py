"""The bench runs, prints what it promises to print, and knows a broken promise when it sees one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import scale
from tests.bench.bench import CALIBRATED, broken
from tests.bench.corpus import write_logs
from tests.bench.plain import ingest_plainly

KEYS = {
    "triage_new_process_p50_ms",
    "triage_p50_ms",
    "triage_per_s",
    "ingest_lines_per_s",
    "ingest_one_core_lines_per_s",
    "ingest_vs_plain",
    "ingest_vs_pflogsumm",
    "ingest_vs_lnav",
    "ingest_vs_fail2ban",
    "ingest_cores_vs_pflogsumm",
    "ingest_cores_vs_lnav",
    "ingest_rss_mb",
    "bytes_per_line",
    "search_p50_ms",
    "search_p99_ms",
    "hourly_ms",
    "first_ticket_s",
    "help_s",
    "calibration_s",
}


def test_the_quick_bench_ends_with_its_figures() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench", "--quick"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    word, _, figures = run.stdout.splitlines()[-1].partition(" ")
    assert word == "figures"
    measured = json.loads(figures)
    assert set(measured) == KEYS
    peers = {
        "ingest_vs_pflogsumm",
        "ingest_vs_lnav",
        "ingest_vs_fail2ban",
        "ingest_cores_vs_pflogsumm",
        "ingest_cores_vs_lnav",
    }
    assert all(measured[name] > 0 for name in KEYS - peers)
    assert measured["ingest_rss_mb"] < 400


def test_a_slow_machine_breaks_no_promise_and_a_slow_program_does() -> None:
    kept: dict[str, float | None] = {
        "calibration_s": CALIBRATED,
        "triage_p50_ms": 19.0,
        "help_s": 0.3,
        "ingest_rss_mb": 100.0,
        "bytes_per_line": 40.0,
        "hourly_ms": 20.0,
        "ingest_vs_plain": 9.0,
        "ingest_vs_pflogsumm": None,
        "ingest_vs_lnav": 9.0,
        "ingest_vs_fail2ban": 9.0,
    }
    assert broken(kept) == []
    slower = kept | {"calibration_s": 2 * CALIBRATED, "triage_p50_ms": 38.0, "help_s": 0.6}
    assert broken(slower) == []
    assert [one.split()[0] for one in broken(kept | {"triage_p50_ms": 38.0})] == ["triage_p50_ms"]
    for name in ("ingest_vs_plain", "ingest_vs_pflogsumm", "ingest_vs_lnav", "ingest_vs_fail2ban"):
        assert [one.split()[0] for one in broken(kept | {name: 0.001})] == [name]
    assert [one.split()[0] for one in broken(kept | {"bytes_per_line": 61.0})] == ["bytes_per_line"]


def test_the_peer_reads_every_line(tmp_path: Path) -> None:
    lines = write_logs(tmp_path / "logs", 2000)
    assert ingest_plainly(tmp_path / "plain.sqlite", tmp_path / "logs") == lines


def test_a_filled_store_is_asked_while_it_is_filled_further(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale, "WARM", 1)
    scale.main(["--lines", "2000", "--searches", "4", "--rate", "300"])
    word, _, figures = capsys.readouterr().out.splitlines()[-1].partition(" ")
    measured = json.loads(figures)["scale"]["sqlite"]
    assert word == "figures" and measured["lines"] > 1900
    assert set(measured["searches"]) == {f"{kind}, {days} d" for kind in scale.KINDS for days in (1, 7)}
    assert any(one["lines"] for one in measured["searches"].values())


def test_a_slow_look_up_breaks_a_promise() -> None:
    quick = {"p50_ms": 0.9, "p99_ms": 9.0}
    assert scale.broken({"mailbox, 1 d": quick}, 1.0) == []
    slow = {
        "mailbox, 1 d": {"p50_ms": 1.5, "p99_ms": 9.0},
        "domain, 7 d": {"p50_ms": 0.5, "p99_ms": 15.0},
        "botnet's IP, 7 d": {"p50_ms": 99.0, "p99_ms": 99.0},
    }
    assert [one.partition(":")[0] for one in scale.broken(slow, 1.0)] == ["mailbox, 1 d", "domain, 7 d"]
    assert scale.broken(slow, 2.0) == []
