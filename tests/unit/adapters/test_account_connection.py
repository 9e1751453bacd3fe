"""The connection that look-ups keep: never of another file, thread or process."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bot.adapters.accounts.csv_directory import CsvAccountDirectory


def imported(place: Path, name: str, mailbox: str) -> CsvAccountDirectory:
    table = place / f"{name}.csv"
    table.write_text(f"mailbox\n{mailbox}\n", "utf-8")
    directory = CsvAccountDirectory(place / f"{name}.db")
    directory.import_csv(table)
    return directory


def known(directory: CsvAccountDirectory, mailbox: str) -> bool:
    return directory.lookup(mailbox).account is not None


def test_an_import_by_another_process_and_a_file_put_in_its_place_are_seen(tmp_path: Path) -> None:
    directory = imported(tmp_path, "one", "anna@firm.example")
    assert known(directory, "anna@firm.example")
    imported(tmp_path, "one", "bob@firm.example")
    assert known(directory, "bob@firm.example") and not known(directory, "anna@firm.example")
    imported(tmp_path, "two", "carl@firm.example")
    (tmp_path / "two.db").replace(tmp_path / "one.db")
    assert known(directory, "carl@firm.example") and not known(directory, "bob@firm.example")


def test_threads_and_forked_processes_have_their_own(tmp_path: Path) -> None:
    directory = imported(tmp_path, "one", "anna@firm.example")
    assert known(directory, "anna@firm.example")
    with ThreadPoolExecutor(2) as threads:
        assert all(threads.map(lambda _: known(directory, "anna@firm.example"), range(4)))
    with ProcessPoolExecutor(1, get_context("fork"), _mine.append, (directory,)) as processes:
        assert processes.submit(_known_there).result() == (True, False)


_mine: list[CsvAccountDirectory] = []
_here = os.getpid()


def _known_there() -> tuple[bool, bool]:
    return known(_mine[0], "anna@firm.example"), os.getpid() == _here
