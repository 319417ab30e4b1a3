"""The language of a text, told from its script; Latin script is the publisher's language where a profile states it."""

from __future__ import annotations

import re

_URDU = re.compile("[ٹڈڑںےھہ]")
_SCRIPTS = (
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
)
_LETTER = re.compile(r"[^\W\d_]")


def language_of(text: str, default: str | None) -> str | None:
    """ISO 639-1 code: of the script where it is not Latin (Urdu apart from Arabic), else ``default``."""
    sample = text[:2000]
    if sample.isascii():
        return default
    letters = len(_LETTER.findall(sample))
    if not letters:
        return default
    for code, pattern in _SCRIPTS:
        if len(pattern.findall(sample)) * 2 > letters:
            return "ur" if code == "ar" and _URDU.search(sample) else code
    return default
