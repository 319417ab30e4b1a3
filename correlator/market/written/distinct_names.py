"""Names of columns that libraries made distinct, as their source writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MADE_DISTINCT = re.compile(r"(?P<name>.*[^\W\d].*?)(\.\d+|_duplicated_\d+)")


def names_as_written(names: Sequence[str]) -> list[str]:
    """Return names with repeated ones as the source writes them: pandas and R add ``.1``, polars ``_duplicated_0``.

    >>> names_as_written(["Close", "Close.1", "Volume_duplicated_0", "1", "1.5"])
    ['Close', 'Close', 'Volume_duplicated_0', '1', '1.5']
    """
    matches = [_MADE_DISTINCT.fullmatch(name) for name in names]
    return [
        name if match is None or match["name"] not in names else match["name"]
        for name, match in zip(names, matches, strict=True)
    ]
