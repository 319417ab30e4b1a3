"""Detect the language of a text from its script; for Latin script, use the publisher's language from its profile."""

from __future__ import annotations

import re

# Per script: its default language, its letters, and letters that identify another language of the script.
_SCRIPTS: tuple[tuple[str, re.Pattern[str], tuple[tuple[str, re.Pattern[str]], ...]], ...] = (
    (
        "ar",
        re.compile("[\u0600-\u06ff]"),
        (("ur", re.compile("[ٹڈڑںےھہ]")), ("fa", re.compile("[پچژگ]"))),
    ),
    ("hi", re.compile("[\u0900-\u097f]"), ()),
    ("bn", re.compile("[\u0980-\u09ff]"), ()),
    ("he", re.compile("[\u0590-\u05ff]"), ()),
    ("th", re.compile("[\u0e00-\u0e7f]"), ()),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]"), ()),
    ("ru", re.compile("[\u0400-\u04ff]"), (("uk", re.compile("[іїєґІЇЄҐ]")), ("kk", re.compile("[әғқңұһӘҒҚҢҰҺ]")))),
    ("el", re.compile("[\u0370-\u03ff]"), ()),
    ("ka", re.compile("[\u10a0-\u10ff]"), ()),
    ("hy", re.compile("[\u0530-\u058f]"), ()),
)
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_SAMPLE = 2000
_SHARE_OF_KANA = 0.05  # Chinese may quote some kana; about half of a Japanese sentence is kana


_LANGUAGES = {
    "english": "en", "eng": "en", "arabic": "ar", "ara": "ar", "chinese": "zh", "zho": "zh", "french": "fr",
    "fra": "fr", "german": "de", "deu": "de", "spanish": "es", "spa": "es", "russian": "ru", "rus": "ru",
    "turkish": "tr", "tur": "tr", "urdu": "ur", "urd": "ur", "hindi": "hi", "hin": "hi", "japanese": "ja",
    "jpn": "ja", "korean": "ko", "kor": "ko", "italian": "it", "ita": "it", "portuguese": "pt", "por": "pt",
    "persian": "fa", "fas": "fa", "azerbaijani": "az", "aze": "az", "hebrew": "he", "heb": "he", "dutch": "nl",
    "nld": "nl", "polish": "pl", "pol": "pl", "ger": "de", "fre": "fr", "chi": "zh", "per": "fa", "dut": "nl",
    "greek": "el", "gre": "el", "ell": "el", "czech": "cs", "cze": "cs", "ces": "cs", "ukrainian": "uk", "ukr": "uk",
    "swedish": "sv", "swe": "sv", "indonesian": "id", "ind": "id", "vietnamese": "vi", "vie": "vi", "thai": "th",
    "tha": "th", "bengali": "bn", "ben": "bn", "romanian": "ro", "ron": "ro", "rum": "ro", "kazakh": "kk",
    "kaz": "kk", "georgian": "ka", "geo": "ka",
    # country codes that are not language codes
    "cn": "zh", "jp": "ja", "ua": "uk", "gr": "el", "cz": "cs", "dk": "da",
}  # fmt: skip


def language_in(stated: str) -> str | None:
    """Return the ISO 639-1 code of ``en``, ``en-GB``, ``eng`` or ``English``; None for other texts."""
    name = re.split(r"[-_ (,;]", stated.strip().casefold(), maxsplit=1)[0]
    return _LANGUAGES.get(name) or (name if re.fullmatch("[a-z]{2}", name) else None)


def language_of(text: str, default: str | None) -> str | None:
    """Return the ISO 639-1 code of a text: that of its script if not Latin, else ``default``.

    Han characters with kana among them are Japanese; a headline without kana keeps a ``default`` of ``ja``.

    Examples
    --------
    >>> language_of("首相は大統領と会談した", None), language_of("两国总理举行会谈", None)
    ('ja', 'zh')
    """
    sample = text[:_SAMPLE]
    if sample.isascii():
        return default
    letters = len(_LETTER.findall(sample))
    kana, han = len(_KANA.findall(sample)), len(_HAN.findall(sample))
    if letters and (kana + han) * 2 > letters:
        if kana > _SHARE_OF_KANA * (kana + han):
            return "ja"
        return default if default in ("ja", "zh") and not kana else "zh"
    for code, pattern, others in _SCRIPTS:
        if letters and len(pattern.findall(sample)) * 2 > letters:
            return next((other for other, letters_of in others if letters_of.search(sample)), code)
    if len(re.findall("[əƏ]", sample)) * 100 > letters:
        return "az"
    return default
