"""Public test sets of pages with their expected records: ours and three libraries side by side.

Layouts known: fundus (``tests/resources``), htmldate (``tests``), newspaper4k (``tests``), by the files that they hold.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from correlator.errors import CorrelatorError
from correlator.news.charset import decode
from correlator.news.pages.html_page import parse_html

NEAR = timedelta(minutes=1)


@dataclass(frozen=True)
class Expected:
    """A page and its expected record; None where the set states nothing."""

    name: str
    raw: bytes
    url: str | None = None
    headline: str | None = None
    instant: datetime | None = None
    day: str | None = None
    body: str | None = None
    also: str = ""
    """Standfirst and similar text: neither missed if left out nor wrong if kept."""


@dataclass(frozen=True)
class Answer:
    """What a library found on a page; ``precise``: it has a time of day; ``updated``: the time of an update."""

    headline: str | None = None
    instant: datetime | None = None
    precise: bool = False
    updated: datetime | None = None
    body: str | None = None
    problem: str | None = None


def pages_of(folder: Path) -> Iterator[Expected]:
    """Yield the pages of a set, in order."""
    if list(folder.rglob("eval_default.json")):
        yield from _htmldate(folder)
    elif list(folder.rglob("*.html.gz")):
        yield from _fundus(folder)
    else:
        yield from _newspaper(folder)


def _fundus(folder: Path) -> Iterator[Expected]:
    for record in sorted(folder.rglob("*.json")):
        versions = json.loads(record.read_text(encoding="utf-8"))
        pages = sorted(record.parent.glob(f"{record.stem}_[0-9]*.html.gz"))
        if len(pages) != len(versions):
            continue
        for page, (_, wanted) in zip(pages, sorted(versions.items()), strict=True):
            body = wanted.get("body") or {}
            texts: list[str] = []
            for section in body.get("sections", []):
                texts += [*section["headline"], *section["paragraphs"]]
            stated = wanted.get("publishing_date")
            yield Expected(
                page.name.removesuffix(".html.gz"),
                gzip.decompress(page.read_bytes()),
                headline=wanted.get("title"),
                instant=datetime.fromisoformat(stated) if stated else None,
                body="\n".join(texts) or None,
                also="\n".join(body.get("summary", [])),
            )


def _htmldate(folder: Path) -> Iterator[Expected]:
    places = [folder / name for name in ("test_set", "cache", "eval")]
    for record in ("eval_mediacloud_2020.json", "eval_default.json"):
        for url, wanted in json.loads((folder / record).read_text(encoding="utf-8")).items():
            path = next((place / wanted["file"] for place in places if (place / wanted["file"]).is_file()), None)
            if path:
                yield Expected(wanted["file"], path.read_bytes(), url=url, day=wanted["date"])


def _newspaper(folder: Path) -> Iterator[Expected]:
    for record in sorted(folder.rglob("metadata/*.json")):
        page, text = (
            record.parent.parent / kind / f"{record.stem}.{end}" for kind, end in (("html", "html"), ("txt", "txt"))
        )
        wanted = json.loads(record.read_text(encoding="utf-8"))
        if page.is_file():
            stated = wanted.get("publish_date") or wanted.get("published_date")
            yield Expected(
                record.stem,
                page.read_bytes(),
                url=wanted.get("url"),
                headline=wanted.get("title"),
                instant=datetime.fromisoformat(stated) if stated else None,
                body=text.read_text(encoding="utf-8") if text.is_file() else None,
            )


def ours(page: Expected) -> Answer:
    try:
        read = parse_html(decode(page.raw), url=page.url)
    except CorrelatorError as error:
        return Answer(problem=str(error))
    body = " ".join(filter(None, (read.dateline, read.body)))
    precise = read.published.precision != "day"
    return Answer(read.headline, read.published.instant, precise, read.updated.instant, body)


def trafilatura(page: Expected) -> Answer:
    import trafilatura as library

    found = library.bare_extraction(decode(page.raw), url=page.url, include_comments=False, with_metadata=True)
    if found is None:
        return Answer(problem="nothing")
    date = datetime.fromisoformat(found.date).replace(tzinfo=UTC) if found.date else None
    return Answer(found.title, date, body=found.text)


def newspaper4k(page: Expected) -> Answer:
    import newspaper

    article = newspaper.Article(page.url or "https://x.invalid/")
    article.download(input_html=decode(page.raw))
    article.parse()
    date = article.publish_date
    if date is not None and not isinstance(date, datetime):
        date = None
    precise = date is not None and (date.hour, date.minute) != (0, 0)
    stated = date.replace(tzinfo=date.tzinfo or UTC) if date else None
    return Answer(article.title, stated, precise, body=article.text)


def htmldate(page: Expected) -> Answer:
    from htmldate import find_date

    found = find_date(decode(page.raw), url=page.url, original_date=True)
    return Answer(instant=datetime.fromisoformat(found).replace(tzinfo=UTC) if found else None)


LIBRARIES: dict[str, Callable[[Expected], Answer]] = {
    "correlator": ours,
    "newspaper4k": newspaper4k,
    "trafilatura": trafilatura,
    "htmldate": htmldate,
}


def judged(page: Expected, answer: Answer) -> dict[str, float | str]:
    """The kinds of a page's answers: time, headline (exact or not), recall and precision of the body's words."""
    kinds: dict[str, float | str] = {"time": _time(page, answer)}
    if page.headline:
        kinds["headline"] = float(_letters(page.headline) == _letters(answer.headline or ""))
    if page.body and answer.problem is None:
        want, got = Counter(_words(page.body)), Counter(_words(answer.body or ""))
        kinds["recall"] = (want & got).total() / max(want.total(), 1)
        kinds["precision"] = ((want + Counter(_words(page.also))) & got).total() / max(got.total(), 1)
    return kinds


def _time(page: Expected, answer: Answer) -> str:
    """right, day (the right day, no clock), wrong, refused, or untold (the set states none).

    ``update``: a set of days has the day of the update that was kept apart from the publication.
    """
    if page.day:
        if answer.instant is None:
            return "refused"
        if page.day in _days(answer.instant):
            return "right" if answer.precise else "day"
        return "update" if answer.updated and page.day in _days(answer.updated) else "wrong"
    if page.instant is None:
        return "untold"
    if answer.instant is None:
        return "refused"
    expected = page.instant
    if not answer.precise or (expected.tzinfo is None and (expected.hour, expected.minute) == (0, 0)):
        return "day" if abs(answer.instant.date() - expected.date()) <= timedelta(days=1) else "wrong"
    if expected.tzinfo is None:
        gap = abs(answer.instant.replace(tzinfo=None) - expected)
        return "right" if gap <= timedelta(hours=14) and gap.total_seconds() % 900 < 60 else "wrong"
    return "right" if abs(answer.instant - expected) <= NEAR else "wrong"


def _days(moment: datetime) -> set[str]:
    """Return the dates that an instant has in some time zone."""
    return {(moment + timedelta(hours=hours)).date().isoformat() for hours in (0, -8, 5, 9, 13)}


def _letters(text: str) -> str:
    """Return a text with plain apostrophes and spaces, without soft hyphens and zero-width spaces."""
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(seen.replace("’", "'").replace("‘", "'").split())


def _words(text: str) -> list[str]:
    return re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]|\w+", text)


def half_of(name: str) -> str:
    """Return the half of a set with the page's publisher, by a hash of its name: rules are made with one half."""
    publisher = re.sub(r"_[0-9].*$", "", name)
    return ("view", "blind")[hashlib.sha256(publisher.encode()).digest()[-1] % 2]


def compare(folder: Path, names: list[str], verbose: bool, half: str | None = None) -> None:
    """Print the table of a set, or of one half of its publishers (``view`` or ``blind``)."""
    pages = [page for page in pages_of(folder) if half in (None, half_of(page.name))]
    print(
        f"| {folder.name}: {len(pages)} pages | right | right day | update | wrong | refused"
        " | headline exact | recall | precision |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name in names:
        times: Counter[str] = Counter()
        sums: dict[str, list[float]] = {"headline": [], "recall": [], "precision": []}
        for page in pages:
            try:
                answer = LIBRARIES[name](page)
            except Exception as error:  # noqa: BLE001 - a library that fails on a page has no answer
                answer = Answer(problem=repr(error))
            kinds = judged(page, answer)
            times[str(kinds["time"])] += 1
            for kind, values in sums.items():
                if kind in kinds:
                    values.append(float(kinds[kind]))
            if verbose and name == "correlator":
                _tell(page, answer, kinds)
        means = [f"{sum(v) / len(v):.3f}" if v else "-" for v in sums.values()]
        counts = [str(times[kind]) for kind in ("right", "day", "update", "wrong", "refused")]
        print(f"| {name} | {' | '.join(counts)} | {' | '.join(means)} |", flush=True)


def _tell(page: Expected, answer: Answer, kinds: dict[str, float | str]) -> None:
    if kinds["time"] in ("wrong", "refused"):
        print(
            f"  {kinds['time']} {page.name}: want {page.instant or page.day}, got {answer.instant}"
            f" {answer.problem or ''}"
        )
    if kinds.get("headline") == 0.0:
        print(f"  headline {page.name}: want {page.headline!r}, got {answer.headline!r}")
    if float(kinds.get("recall", 1.0)) < 0.9 or float(kinds.get("precision", 1.0)) < 0.9:
        print(f"  body {page.name}: recall {kinds['recall']:.2f}, precision {kinds['precision']:.2f}")
