"""Signs put for other signs throughout a text: plain quotes for curly ones, letters without their accents.

``str.translate`` is fast for ASCII only: in any other text it raises and drops an error for each character that its
table does not hold. A search for those that change costs a hundredth of that, and most texts hold few.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


class Signs:
    """A table of single characters, each with what stands for it; call it with a text."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._ascii = str.maketrans({sign: other for sign, other in table.items() if sign.isascii()})
        self._table = dict(table)
        self._any = re.compile("[" + "".join(map(re.escape, self._table)) + "]")

    def __call__(self, text: str) -> str:
        """``text`` with each sign of the table replaced."""
        if text.isascii():
            return text.translate(self._ascii)
        return self._any.sub(self._other, text)

    def _other(self, sign: re.Match[str]) -> str:
        return self._table[sign[0]]
