"""Every write and every send has a fail-point, and each of its own name."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import failpoints
from bot.adapters.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
BOT = sorted((ROOT / "bot").rglob("*.py"))
COMMITS = {"bot/adapters/store/database.py"}
"""The one place that commits, between the two fail-points of each write."""
CALLS = {"bot/adapters/slack/client.py", "bot/commands/doctor.py"}
"""The one place that calls Slack's Web API (doctor reads a header)."""
STORES_OF_THEIR_OWN = ("bot/adapters/logstore/", "bot/adapters/accounts/")


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    for path in BOT:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield path.relative_to(ROOT).as_posix(), node, node.func.attr


def test_nothing_is_committed_elsewhere() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, node, name in calls()
        if name in ("commit", "begin") and path not in COMMITS and not path.startswith(STORES_OF_THEIR_OWN)
    ]
    assert not wrong, "a write without a fail-point: " + ", ".join(wrong)


def test_slack_is_called_in_one_place() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, node, name in calls()
        if (name.startswith(("chat_", "views_", "reactions_", "conversations_", "files_")) or name == "api_call")
        and path not in CALLS
    ]
    assert not wrong, "a send without a fail-point: " + ", ".join(wrong)


def test_mail_is_handed_in_in_one_place() -> None:
    assert {path.relative_to(ROOT).as_posix() for path in BOT if "import smtplib" in path.read_text("utf-8")} == {
        "bot/adapters/mailbox/submission.py"
    }
    wrong = [
        f"{path}:{node.lineno}"
        for path, node, name in calls()
        if name == "append"
        and len(node.args) > 2
        and path != "bot/adapters/mailbox/imap.py"
        and path != "bot/adapters/mailbox/outlet.py"
    ]
    assert not wrong, "a copy without a fail-point: " + ", ".join(wrong)


def test_every_step_has_a_name_written_out() -> None:
    names: Counter[str] = Counter()
    for path, node, name in calls():
        if name in ("step", "write") and node.args and not (name == "write" and "std" in ast.unparse(node.func)):
            literal = isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
            forwarded = path == "bot/adapters/store/desk.py"
            if name == "step" or "database" in ast.unparse(node.func):
                assert literal or forwarded, (
                    f"{path}:{node.lineno}: a step without a written name has no fail-point that a crash run could ask for"
                )
            if literal and name == "step":
                names[ast.literal_eval(node.args[0])] += 1
    assert len(names) >= 15 and {n for n, count in names.items() if count > 1} <= {"delivery.unsure"}, names


def test_a_crash_at_a_fail_point_keeps_all_or_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")

    class Killed(BaseException):
        pass

    at = ""

    def hook(name: str) -> None:
        if name == at:
            raise Killed

    with database.write("test.make") as session:
        session.connection().exec_driver_sql("CREATE TABLE t (n INTEGER)")
    failpoints.install(hook)
    try:
        for point, kept in (("test.insert.before", 0), ("test.insert.after", 1)):
            at = point
            with pytest.raises(Killed), database.write("test.insert") as session:
                session.connection().exec_driver_sql("INSERT INTO t VALUES (1)")
            with database.read() as session:
                assert session.connection().exec_driver_sql("SELECT count(*) FROM t").scalar_one() == kept
    finally:
        failpoints.install(None)
