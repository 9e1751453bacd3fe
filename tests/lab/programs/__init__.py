"""The mail programs of the lab, each a table row: how it is told its settings, and what its user then reads."""

from __future__ import annotations

from tests.lab.programs.scripts import SCRIPTS
from tests.lab.programs.settings import Program
from tests.lab.programs.thunderbird import THUNDERBIRD
from tests.lab.programs.tools import TOOLS

PROGRAM_ROWS: tuple[Program, ...] = (*SCRIPTS, *TOOLS, THUNDERBIRD)
BY_ID = {row.id: row for row in PROGRAM_ROWS}
