"""Reading an account table from a CSV file as spreadsheets and panels write them."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from bot.adapters.accounts.values import COLUMNS, BadValue, account_of
from bot.core.observed import Account
from bot.errors import TableError

SEPARATORS: Final = (",", ";", "\t")
LARGEST: Final = 512 * 1024 * 1024
"""Bytes; a larger file is no account table."""


def read_accounts(path: Path, plans: Collection[str] = ()) -> list[Account]:
    """The accounts of a CSV file: comma, semicolon or tab; UTF-8 (with or without mark), UTF-16 or
    Windows-1252.

    Columns in any order, see :data:`COLUMNS`; only ``mailbox`` is required. Raises TableError, which names
    file, line and column; then nothing of the file may be used.
    """
    text = _text(path)
    header, separator = _header(path, text)
    accounts: list[Account] = []
    seen: dict[str, int] = {}
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        next(rows)
        for cells in rows:
            line = rows.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                raise TableError(f"{path}: line {line}: {len(cells)} cells for {len(header)} columns; quote the cell")
            try:
                account = account_of(dict(zip(header, cells, strict=False)), plans)
            except BadValue as error:
                raise TableError(f"{path}: line {line}, column {error.column}: {error}") from None
            if account.mailbox in seen:
                raise TableError(
                    f"{path}: line {line}, column mailbox: {account.mailbox} is on line {seen[account.mailbox]} too"
                )
            seen[account.mailbox] = line
            accounts.append(account)
    except csv.Error as error:
        raise TableError(f"{path}: line {rows.line_num}: {error}; check the quotes on this line") from error
    return accounts


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise TableError(f"{path}: larger than {LARGEST >> 20} MB; that is no account table")
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror or error}); check the path") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: Sequence[str] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        if "\0" not in text:
            return text
    raise TableError(f"{path}: neither UTF-8 nor Windows-1252 text; save the table as CSV in UTF-8")


def _header(path: Path, text: str) -> tuple[list[str], str]:
    """The column names, normalised, and the separator under which most of them are known."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first or not text.splitlines()[0].strip():
        raise TableError(f"{path}: line 1: no header; the first line names the columns, at least mailbox")
    best: list[str] = []
    separator = ","
    for candidate in SEPARATORS:
        try:
            names = [name.strip().casefold() for name in next(csv.reader([first], delimiter=candidate))]
        except csv.Error:
            continue
        if sum(name in COLUMNS for name in names) > sum(name in COLUMNS for name in best) or not best:
            best, separator = names, candidate
    while best and not best[-1]:  # a spreadsheet's trailing empty columns
        best.pop()
    for name in best:
        if name not in COLUMNS:
            raise TableError(f"{path}: line 1: unknown column {name!r:.60}; known are {', '.join(COLUMNS)}")
        if best.count(name) > 1:
            raise TableError(f"{path}: line 1: column {name} is there twice")
    if "mailbox" not in best:
        raise TableError(f"{path}: line 1: no column mailbox; known are {', '.join(COLUMNS)}")
    return best, separator
