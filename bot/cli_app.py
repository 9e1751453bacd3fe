"""The console command itself, which every module of commands adds to."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="triage",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Tell people why their mail program cannot connect, with the server's own line as proof.",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON alone, one object a line.")]
