"""Read text pages: an article's page as lines from a text extractor, with strip, headline, byline and paragraphs.

A leading ``date 2025-05-28`` is the day of the crawl, not of publication. A short line without final punctuation
between paragraphs is a link to another article rather than running text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl

from correlator.base.files import called, name_of
from correlator.containers.packed import unpacking
from correlator.errors import InputError, TimeError
from correlator.news.batch import Batch, clean_text, digest, make_batch, reject
from correlator.news.charset import decode, encoding_named, is_text
from correlator.news.language import language_of
from correlator.news.profiles import Profile, load_profile, profile_names
from correlator.news.publishers import Publishers
from correlator.news.strips.strip import (
    LAYOUTS,
    StripQuote,
    UnreadQuote,
    parse_strip,
    strip_frame,
    unread_quotes,
    without_strip,
)
from correlator.news.times.address_dates import date_in_address
from correlator.news.times.date_lines import is_date
from correlator.news.times.timestamps import UNKNOWN, Stamp

MAX_PAGE_BYTES = 16_000_000
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_UNSPACED_TITLE = 50
_STANDFIRST = 25  # characters that a standfirst shares with the beginning of the text
_SENTENCE = 10  # a line with more words and a full stop is a sentence rather than a title
NO_DATE_HINT = "give the time with --published, or a profile with a matching date layout"


@dataclass(frozen=True)
class Page:
    """The content of a page: texts, stamps of publication and last update, and the quotes of its strip."""

    publisher: str
    agency: str | None
    url: str | None
    headline: str
    dateline: str | None
    body: str | None
    language: str | None
    published: Stamp
    updated: Stamp
    quotes: tuple[StripQuote, ...]
    authors: str | None = None
    unread: tuple[UnreadQuote, ...] = ()
    """Text that looks like a quote of the strip but cannot be read."""


@dataclass(frozen=True)
class _Byline:
    """The line that dates the page: its credit, and both times as printed; ``place`` is its line number, from 0."""

    place: int
    credit: str
    published: str
    updated: str | None


def read_page(
    path: Path, publishers: Publishers, *, published: str | None = None, encoding: str | None = None
) -> Iterator[Batch]:
    """Yield the article of a text page. Raises TimeError without a date, InputError without a headline."""
    text = read_text(path, encoding)
    where = name_of(path)
    yield page_batch(parse_page(text, publishers=publishers, published=published, where=where), called(path), 1)


def read_text(path: Path, encoding: str | None = None) -> str:
    """Read a file as text in ``encoding``, or in the detected encoding (byte order mark, declaration, content)."""
    with path.open("rb") as file:
        raw = read_bytes(file, name_of(path))
    return clean_text(raw.decode(encoding_named(encoding), "replace")) if encoding else decode(raw)


def read_bytes(file: IO[bytes], name: str, limit: int = MAX_PAGE_BYTES) -> bytes:
    """Read a plain or compressed file. Raises InputError if it is larger than ``limit`` or not text."""
    with unpacking(file, name) as (unpacked, _):
        raw = unpacked.read(limit + 1)
    if len(raw) > limit:
        raise InputError(f"{name} is larger than {limit // 1_000_000} MB, the limit for a page")
    if not is_text(raw):
        raise InputError(f"{name} is not text", hint="give a page or its text, not an image, a document or a database")
    return raw


def parse_page(
    text: str,
    *,
    profile: str | None = None,
    url: str | None = None,
    published: str | None = None,
    where: str = "the page",
    publishers: Publishers | None = None,
) -> Page:
    """Parse a text page; without ``profile`` (a publisher's name) the host of ``url`` or the layout identifies it.

    ``publishers`` gives the choice of profiles with further options, in place of ``profile``.

    ``published`` overrides the printed time. Raises TimeError and InputError.
    """
    clean = _CRAWLED.sub("", clean_text(text))
    lines = _lines(clean, LAYOUTS)
    byline = _find_byline(lines)
    chosen = publishers or Publishers(profile)
    publisher, known_by = _publisher(chosen, url, lines, bool(parse_strip(clean)), byline=byline)
    if publisher.strip != LAYOUTS:
        lines = _lines(clean, publisher.strip)
        byline = _find_byline(lines)
    stamp, updated = _times(byline, publisher, published, known_by, where=where, url=url)
    headline, rest = _headline(lines, byline, publisher, where)
    author = next((line for line in reversed(lines[: byline.place]) if line), "") if byline else ""
    dateline, wire, body = _body(rest, publisher)
    credit = byline.credit if byline else ""
    return Page(
        publisher.name,
        next((name for name in publisher.agencies if re.search(rf"\b{re.escape(name)}\b", credit)), wire),
        url,
        headline,
        dateline,
        body,
        language_of(f"{headline} {body or ''}", publisher.language),
        stamp,
        updated,
        tuple(parse_strip(clean, publisher.strip)),
        author[2:].strip(" :") if author != headline and _AUTHOR.fullmatch(author) else None,
        unread=tuple(unread_quotes(clean, publisher.strip)),
    )


def page_batch(page: Page, source: str, source_line: int) -> Batch:
    """Return a page as a batch of one article, its quotes, and rejects for quotes that cannot be read."""
    batch = make_batch([page_row(page, source, source_line)])
    key, content = batch.articles.select("article_key", "content_hash").row(0)
    quotes = strip_frame(page.quotes)
    return Batch(
        batch.articles,
        quotes.select(*_literals(key, content), *quotes.columns),
        make_batch(rejects=_unread(page.unread, source, source_line)).rejects,
    )


def rejected_page(
    source: str, source_line: int, reason: str, *, text: str, layouts: Sequence[str] = LAYOUTS, name: str = ""
) -> Batch:
    """Return the batch that rejects a page; the quotes of its strip are kept, and printed in the reject's content.

    ``text``: the visible text of the page. ``name``: content of the reject, in place of the beginning of the text.
    """
    quotes = strip_frame(parse_strip(text, layouts))
    lines = "; ".join((name, *quotes["line"])) if name else text
    return Batch(
        make_batch().articles,
        quotes.select(*_literals("", digest((source, str(source_line)))), *quotes.columns),
        make_batch(
            rejects=[
                reject(source, source_line, reason, lines),
                *_unread(unread_quotes(text, layouts), source, source_line),
            ]
        ).rejects,
    )


def _unread(quotes: Sequence[UnreadQuote], source: str, source_line: int) -> list[dict[str, object]]:
    return [
        reject(source, source_line, f"a quote of the strip is not read: {each.reason}", each.line) for each in quotes
    ]


def page_row(page: Page, source: str, source_line: int) -> dict[str, object]:
    """Return a page as a row of articles."""
    return {
        "publisher": page.publisher,
        "agency": page.agency,
        "authors": page.authors,
        "url": page.url,
        "headline": page.headline,
        "dateline": page.dateline,
        "body": page.body,
        "language": page.language,
        "published_at": page.published.instant,
        "published_precision": page.published.precision,
        "published_rule": page.published.rule,
        "updated_at": page.updated.instant if page.updated.precision != "day" else None,
        "source": source,
        "source_line": source_line,
    }


def without_links(paragraphs: Sequence[str]) -> list[str]:
    """Remove title-like lines between paragraphs, which link to other articles."""
    last = len(paragraphs) - 1
    return [text for place, text in enumerate(paragraphs) if not (0 < place < last and is_title_like(text))]


def is_title_like(text: str) -> bool:
    """Whether a line is short and ends without punctuation, like a title."""
    if len(_UNSPACED.findall(text[:120])) > _UNSPACED_TITLE:
        return False  # a paragraph in a script without spaces, or sentences without final punctuation
    return len(text) <= 120 and len(text.split()) <= 16 and not _SENTENCE_END.search(text)


def split_dateline(text: str) -> tuple[str | None, str | None, str]:
    """Return place and agency of a dateline (``LACHIN: ...``, ``PARIS, May 3 (Reuters) - ...``), and the rest."""
    match = next((found for pattern in _DATELINES if (found := pattern.match(text))), None)
    if match is None or match["place"] in _NO_PLACES:
        return None, None, text
    groups = match.groupdict()
    return groups["place"].strip(" ,"), groups.get("agency"), text[match.end() :]


_CRAWLED = re.compile(r"\A\s*date \d{4}-\d\d-\d\d(?!\S)")
_SENTENCE_END = re.compile(r"[.!?:;,…۔؟؛،。！？；：，．।॥։።၊။៕][\"”’'»)\]」』）】〉》]*$")
_PLACE = r"[A-Z][A-Z .'’/\-]{2,40}"
_DATELINE = re.compile(rf"(?P<place>{_PLACE}(?:, [A-Z][A-Za-z. ]{{1,20}})?): (?=\S)")
_DAY = r"(?:[A-Z][a-z]{2,8}\.? \d{1,2}|\d{1,2} [A-Z][a-z]{2,8}\.?)"
# PARIS, May 3 (Reuters) - / Berlin, 3 May (AFP) -- / MOSCOW, May 3. /TASS/. / KABUL, Afghanistan (AP) —
_WIRE_DATELINE = re.compile(
    rf"(?P<place>(?:{_PLACE}|[A-Z][a-z]+(?:[ \-][A-Z][a-z]+){{0,2}})(?:, [A-Z][A-Za-z. ]{{1,20}}?)?),? "
    rf"(?:{_DAY},?(?: \d{{4}})?\.? )?[(/](?P<agency>[A-Z][A-Za-z .\-]{{1,30}}|dpa|epd|sda|ots)[)/]\.? ?"
    r"(?:[-–—:]{1,2}|(?<=/\.)|(?<=/\. )|(?<=/)|(?<=/ )) ?"
)
# Place and day without agency: BEIJING, May 28 -- / LONDON: May 28:
_DAY_DATELINE = re.compile(
    rf"(?P<place>{_PLACE}(?:, [A-Z][a-z]{{3,20}})?)[,:] {_DAY}(?:, \d{{4}})? ?(?:[-–—]{{1,2}}|:|\.(?= [A-Z])) ?"
)
# A line that names the author: By Ann Doe, By Our Correspondent and A. N. Writer
_NAME_PART = r"(?:[A-Z][\w.'’-]*|and|&|al|bin|de|van)"
_AUTHOR = re.compile(rf"(?:By|BY|by)[: ] ?(?:{_NAME_PART}[, ]+){{0,7}}{_NAME_PART}[, ]?")
# Place, day and agency without brackets: Baku, May 28, AZERTAC
_AGENCY_DATELINE = re.compile(rf"(?P<place>[A-Z][a-z]+), {_DAY}, (?P<agency>[A-Z]{{4,12}})[,:.]? (?=[A-Z])")
# Place and dash: RAWALPINDI - The envoys, not NATO - the alliance
_DASH_DATELINE = re.compile(r"(?P<place>[A-Z][A-Z .'’/\-]{3,40}?) [-–—] (?=[A-Z“\"‘'])")
_DATELINES = (_WIRE_DATELINE, _DAY_DATELINE, _AGENCY_DATELINE, _DATELINE, _DASH_DATELINE)
_NO_PLACES = frozenset((
    "UPDATE", "BREAKING", "WATCH", "NOTE", "EXCLUSIVE", "ANALYSIS", "OPINION", "LIVE", "FACTBOX", "EXPLAINER",
    "CORRECTION", "EDITORIAL", "INTERVIEW", "REVIEW", "READ", "READ MORE", "ALSO READ", "VIDEO", "PHOTOS", "SUMMARY",
    "BACKGROUND",
))  # fmt: skip
_DATED = r"[^|]{6,40}?\d(?: ?[ap]\.?m\.?)?(?: [A-Z]{2,5})?"
_BYLINE = re.compile(
    rf"^(?P<credit>.{{0,120}}?)[\s|,·-]*\b(?:Published|Posted)(?: on| at)?:? (?:in [^\W\d_][^\d,]{{1,40}}, )?"
    rf"(?P<published>{_DATED})(?:[\s|,]+(?:Last )?Updated(?: on| at)?:? (?P<updated>{_DATED}))?\.?\s*$",
    re.IGNORECASE,
)


def _lines(text: str, layouts: Sequence[str]) -> list[str]:
    """Return the lines of a text without its strip, with single spaces."""
    return [" ".join(line.split()) for line in without_strip(text, layouts).split("\n")]


def _literals(key: str, content: str) -> list[pl.Expr]:
    return [pl.lit(key).alias("article_key"), pl.lit(content).alias("content_hash")]


def _find_byline(lines: Sequence[str]) -> _Byline | None:
    for place, line in enumerate(lines[:400]):
        match = _BYLINE.match(line[:300])
        if match:
            return _Byline(place, match["credit"].strip(), match["published"], match["updated"])
    return None


def _publisher(
    publishers: Publishers, url: str | None, lines: Sequence[str], has_strip: bool, *, byline: _Byline | None
) -> tuple[Profile, str]:
    """Return the profile that applies and how it was chosen."""
    by_address = publishers.of(url)
    if by_address[0].name != "generic" or publishers.named:
        return by_address
    for name in profile_names():
        candidate = load_profile(name)
        if candidate.copyright and any(line.startswith(candidate.copyright) for line in lines):
            return publishers.applied(candidate), "recognised by the copyright line"
        if candidate.text_pages and has_strip and byline:
            return publishers.applied(candidate), "recognised by ticker strip and byline"
    return by_address


def _times(
    byline: _Byline | None, publisher: Profile, published: str | None, known_by: str, *, where: str, url: str | None
) -> tuple[Stamp, Stamp]:
    """Return the stamps of publication and update, with publisher and choice of profile in the rule."""

    def stamp(text: str, origin: str) -> Stamp:
        read = publisher.stamp(text, origin)
        return Stamp(read.instant, read.precision, f"{read.rule}; publisher {publisher.name} {known_by}")

    if published:
        return stamp(published, "time given by the caller"), UNKNOWN
    in_address = date_in_address(url)
    if byline is None and in_address:
        return in_address, UNKNOWN
    if byline is None:
        raise TimeError(f"{where} has no publication date", hint=NO_DATE_HINT)
    try:
        updated = stamp(byline.updated, "byline") if byline.updated else UNKNOWN
        return stamp(byline.published, "byline"), updated
    except TimeError as error:
        raise TimeError(f"{where}: {error.message}", hint=error.hint or NO_DATE_HINT) from None


def _headline(
    lines: Sequence[str], byline: _Byline | None, publisher: Profile, where: str
) -> tuple[str, Sequence[str]]:
    """Return the headline and the lines of the body: the last line before the byline, else the first line.

    Lines with a date and a standfirst between headline and byline are skipped.
    """
    if byline and _is_below(byline, lines, publisher):
        lines, byline = lines[: byline.place], None
    if byline:
        below = lines[byline.place + 1 :]
        before = [line for line in lines[: byline.place] if line and not publisher.drops(line) and not is_date(line)]
        if len(before) > 1 and _AUTHOR.fullmatch(before[-1]):
            before.pop()
        while len(before) > 1 and _is_standfirst(before[-1], below):
            before.pop()
        if before and not _is_standfirst(before[-1], below):
            return before[-1], below
        if before:
            raise InputError(f"{where} has no headline", hint="the line before the byline is a standfirst")
        lines = below
    for place, line in enumerate(lines):
        if line and not publisher.drops(line):
            if is_title_like(line) and not is_date(line):
                return line, lines[place + 1 :]
            break
    raise InputError(f"{where} has no headline", hint="it should be the line before the byline, or the first line")


def _is_below(byline: _Byline, lines: Sequence[str], publisher: Profile) -> bool:
    """Whether the line that dates the page is below its text, like *Published in The Gazette, May 28th*."""
    above, below = (
        [line for line in part if line and not publisher.drops(line)]
        for part in (lines[: byline.place], lines[byline.place + 1 :])
    )
    return not below and len(above) > 1 and not is_title_like(above[-1])


def _is_standfirst(line: str, below: Sequence[str]) -> bool:
    """Whether a line above the byline is a standfirst: a sentence, or the (truncated) beginning of the text."""
    start = " ".join(line.rstrip("….").split()).casefold()
    first = next((text for text in below if text), "")
    begins = len(start) >= _STANDFIRST and " ".join(first.split()).casefold().startswith(start[:_STANDFIRST])
    return begins or line.endswith(("…", "...")) or (line.endswith(".") and len(line.split()) > _SENTENCE)


def _body(lines: Sequence[str], publisher: Profile) -> tuple[str | None, str | None, str | None]:
    """Return dateline, agency of the dateline, and running text with blank lines between paragraphs."""
    kept = ["" if publisher.drops(line) else line for line in lines]
    spaced = sum(1 for line in kept if not line) >= sum(1 for line in kept if line) // 4
    blocks = "\n".join(kept).strip().split("\n\n" if spaced else "\n")
    paragraphs = without_links([text for text in (" ".join(block.split()) for block in blocks) if text])
    if not paragraphs:
        return None, None, None
    dateline, agency, paragraphs[0] = split_dateline(paragraphs[0])
    return dateline, agency, "\n\n".join(paragraphs)
