"""Set the title of a PDF document, which viewers show in their window and screen readers read first."""

from __future__ import annotations

import re

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_SIZE = re.compile(rb"/Size\s+(\d+)")
_ROOT = re.compile(rb"/Root\s+(\d+\s+\d+\s+R)")


def with_title(document: bytes, title: str) -> bytes:
    """Return ``document`` with ``title`` in an information dictionary, appended as an update (PDF 1.7, 7.5.6).

    A document with an unexpected trailer is returned unchanged.
    """
    start, sizes, roots = _START.search(document), _SIZE.findall(document), _ROOT.findall(document)
    if start is None or not sizes or not roots or b"trailer" not in document[int(start[1]) :]:
        return document
    number, at = int(sizes[-1]), len(document) + 1
    text = ("\ufeff" + title).encode("utf-16-be").hex().upper()
    info = f"{number} 0 obj\n<< /Title <{text}> /Producer (correlator) >>\nendobj\n"
    table = f"xref\n{number} 1\n{at:010d} 00000 n \n"
    trailer = f"trailer\n<< /Size {number + 1} /Root {roots[-1].decode()} /Info {number} 0 R /Prev {int(start[1])} >>\n"
    return document + b"\n" + f"{info}{table}{trailer}startxref\n{at + len(info)}\n%%EOF\n".encode()
