"""``triage probe``: our own servers, or a customer's domain, seen from outside."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.bootstrap import knowledge_of
from bot.bootstrap_desk import probe_domain, probe_servers
from bot.core.probe import ProbeResult, worst
from bot.errors import InputError
from bot.settings import read_settings

_MARKS = {True: ("ok", "green"), False: ("BAD", "red"), None: ("?", "yellow")}


def run(
    domain: str | None, *, selectors: Sequence[str], authority: Path | None, server: str | None, as_json: bool
) -> None:
    """Look and print; status 1 where something is wrong. Raises InputError."""
    if domain is None and (selectors or server):
        raise InputError("--selector and --dns: belong to a domain; write triage probe firm.example --selector s1")
    if domain is not None and authority:
        raise InputError("--ca: belongs to our own servers; leave the domain or --ca out")
    host = knowledge_of(read_settings()).settings
    results = (
        probe_servers(host, authority) if domain is None else probe_domain(host, domain, selectors, _server(server))
    )
    if as_json:
        sys.stdout.writelines(json.dumps(result.to_json(), ensure_ascii=False) + "\n" for result in results)
    elif sys.stdout.isatty():
        _table(results)
    else:
        sys.stdout.writelines(
            f"{_MARKS[r.ok][0]}\t{r.kind}\t{r.target}\t{r.seconds:.2f} s\t{r.said}\n" for r in results
        )
    if worst(results):
        sys.exit(1)


def _table(results: Sequence[ProbeResult]) -> None:
    table = Table(box=None, header_style="dim")
    for column in ("", "what", "where", "seconds", "said"):
        table.add_column(column, justify="right" if column == "seconds" else "left", overflow="fold")
    for result in results:
        mark, style = _MARKS[result.ok]
        more = "".join(f"\n{line}" for line in ([result.banner] if result.banner else result.records[:8]))
        table.add_row(
            Text(mark, style),
            Text(result.kind),
            Text(result.target),
            Text(f"{result.seconds:.2f}"),
            Text(result.said) + Text(more, "dim"),
        )
    Console(highlight=False, markup=False, emoji=False).print(table)


def _server(text: str | None) -> tuple[str, int] | None:
    """``192.0.2.53``, ``192.0.2.53:5353``, ``2001:db8::53`` or ``[2001:db8::53]:5353``. Raises InputError."""
    if text is None:
        return None
    host, port = text, "53"
    if text.startswith("[") or text.count(":") == 1:
        host, _, port = text.rpartition(":")
    try:
        address = str(ip_address(host.strip("[]")))
    except ValueError as error:
        raise InputError(f"--dns {text[:80]!r}: is no address; write 192.0.2.53 or 192.0.2.53:5353") from error
    if not (port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
        raise InputError(f"--dns {text[:80]!r}: {port[:20]!r} is no port")
    return address, int(port)
