"""Read dispatches of news agencies (NewsML-G2 and NITF) into articles.

A text is public once its version is issued and its embargo has ended; the creation time of its first version is not
used. Cancelled or withheld texts, embargoes without an end, and items other than text (pictures, packages, planned
events) become rejects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import Element

from correlator.base.files import called, name_of
from correlator.containers.packed import unpacking
from correlator.errors import InputError, TimeError
from correlator.news.batch import Batch, clean_text, make_batch, one_line, reject
from correlator.news.charset import decode
from correlator.news.language import language_in, language_of
from correlator.news.markup import MAX_BYTES, local_name, plain_xml, text_within, tree_of
from correlator.news.profiles import Profile
from correlator.news.publishers import Publishers
from correlator.news.times.timestamps import Stamp

_G2 = "iptc.org/std/nar"
_FIRST = re.compile(
    r"(?is)(?:\s|\ufeff|<\?(?:(?!\?>).)*+\?>|<!--(?:(?!-->).)*+-->|<!doctype[^>\[]*+>)*+"
    r"<(?:[\w.-]+:)?(?:nitf|newsml|newsmessage|(?:news|package|concept|planning|knowledge|catalog)item)[\s/>]"
)
_ITEM_ONCE, _NITF_ONCE = ("pubStatus", "itemClass", "versionCreated", "embargoed"), ("date.issue", "date.release")
_BY = re.compile(r"^by\s+", re.IGNORECASE)


@dataclass(frozen=True)
class _Dispatch:
    """One dispatch as delivered.

    ``issued``: names and values of the times after all of which it was public; ``printed``: times of printed
    publications, after the first of which it was public; ``embargo``: end of the embargo, empty without one.
    ``problem``: why it is not an article, empty if it is one.
    """

    headline: str
    issued: tuple[tuple[str, str], ...]
    paragraphs: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    embargo: str = ""
    provider: tuple[str, ...] = ()
    authors: str = ""
    language: str = ""
    problem: str = ""


def read_dispatches(path: Path, publishers: Publishers) -> Iterator[Batch]:
    """Yield the texts of a NewsML-G2 or NITF file; unpublished ones become rejects. Raises InputError."""
    with path.open("rb") as probe, unpacking(probe, name_of(path)) as (file, _):
        raw = file.read(MAX_BYTES + 1)
    yield from dispatch_batches(raw, called(path), publishers)


def dispatch_batches(raw: bytes, source: str, publishers: Publishers = Publishers()) -> Iterator[Batch]:  # noqa: B008
    """Yield the texts in a file's bytes. Raises InputError for another format, a size over the limit, or entities."""
    if len(raw) > MAX_BYTES:
        raise InputError(f"{source} is larger than {MAX_BYTES // 1_000_000} MB, the limit", hint="split it")
    root = tree_of(plain_xml(decode(raw), source), source, "a NewsML-G2 or NITF file")
    dispatches = list(_dispatches(root, source))
    if not dispatches:
        raise InputError(f"{source} contains no news items")
    articles, rejects = [], []
    for number, dispatch in enumerate(dispatches, start=1):
        try:
            articles.append(_article(dispatch, source, number, publishers))
        except InputError as error:
            rejects.append(reject(source, number, str(error), dispatch.headline))
    yield make_batch(articles, rejects=rejects)


def is_dispatch(head: str) -> bool:
    """Whether a file that begins with ``head`` is NewsML (of any version) or NITF, by its first element."""
    return _FIRST.match(head) is not None


def _dispatches(root: Element, source: str) -> Iterator[_Dispatch]:
    if local_name(root) == "nitf":
        yield _of_nitf(root)
    elif _G2 in root.tag:
        within = [each for one in _children(root, "itemSet") for each in one]
        yield from (_of_item(each) for each in (root, *within) if local_name(each).endswith("Item"))
    else:
        raise InputError(
            f"{source} is {local_name(root)}, not NewsML-G2 or NITF",
            hint="ask the agency for one of these formats, or for a feed",
        )


def _of_item(item: Element) -> _Dispatch:
    """Return the dispatch in a NewsML-G2 item."""
    meta, content = _child(item, "itemMeta"), _child(item, "contentMeta")
    status, kind = (_code(_child(meta, name)) for name in ("pubStatus", "itemClass"))
    nitf = _find(item, "nitf")
    text = _of_nitf(nitf) if nitf is not None else None
    headline = text_within(_child(content, "headline")) or (text.headline if text else "")
    embargo = _child(meta, "embargoed")
    authors = [text_within(_child(each, "name")) for name in ("creator", "by") for each in _children(content, name)]
    return _Dispatch(
        headline,
        (("versionCreated", text_within(_child(meta, "versionCreated"))),),
        text.paragraphs if text else _paragraphs(_child(item, "contentSet")),
        (),
        text_within(embargo),
        _provider(meta),
        "; ".join(filter(None, authors)) or (text.authors if text else ""),
        _attribute(_child(content, "language"), "tag"),
        _item_problem(item, status, kind, open_end=embargo is not None and not text_within(embargo)),
    )


def _item_problem(item: Element, status: str, kind: str, *, open_end: bool) -> str:
    """Return why a NewsML-G2 item is not an article; empty if it is one."""
    if local_name(item) != "newsItem":
        return f"the item is a {local_name(item)[:40]}, not a text"
    if duplicate := _duplicate(_child(item, "itemMeta"), _ITEM_ONCE):
        return duplicate
    if kind not in ("", "text", "composite"):
        return f"the item is a {kind[:40]}, not a text"
    return _unpublished(status, open_end=open_end)


def _duplicate(parent: Element | None, names: Sequence[str]) -> str:
    """Return which of ``names`` an item states more than once, as the reason to reject it; empty if none."""
    return next((f"it states {name} more than once" for name in names if len(_children(parent, name)) > 1), "")


def _unpublished(status: str, *, open_end: bool) -> str:
    """Return why an item is not public yet; empty if it is."""
    if status not in ("", "usable", "embargoed"):
        return f"its status is {status[:40]}: it is not published"
    return "its embargo has no end" if open_end else ""


def _of_nitf(root: Element) -> _Dispatch:
    """Return the dispatch in a NITF document."""
    data, heading = _find(root, "docdata"), _find(root, "hl1")
    printed = [each for each in root.iter() if local_name(each) == "pubdata"]
    status, released = _attribute(data, "management-status").casefold(), _norm(_find(data, "date.release"))
    provider = (_attribute(_find(data, "doc-id"), "regsrc"), *(_attribute(each, "name") for each in printed))
    return _Dispatch(
        text_within(_find(root, "title") if heading is None else heading),
        (("date.issue", _norm(_find(data, "date.issue"))),),
        _paragraphs(_find(root, "body.content")),
        tuple(_attribute(each, "date.publication") for each in printed),
        released,
        tuple(filter(None, provider)),
        _BY.sub("", text_within(_find(root, "byline"))),
        "",
        _duplicate(data, _NITF_ONCE) or _unpublished(status, open_end=status == "embargoed" and not released),
    )


def _article(dispatch: _Dispatch, source: str, number: int, publishers: Publishers) -> dict[str, object]:
    if dispatch.problem:
        raise InputError(dispatch.problem)
    headline = one_line(dispatch.headline)
    if not headline:
        raise InputError("the item has no headline")
    publisher, how = publishers.of(None, dispatch.provider)
    stamp = _published(dispatch, publisher)
    body = "\n\n".join(dispatch.paragraphs)
    stated = language_in(dispatch.language) or publisher.language
    return {
        "publisher": publisher.name,
        "headline": headline,
        "body": body or None,
        "language": language_of(f"{headline} {body}", stated),
        "published_at": stamp.instant,
        "published_precision": stamp.precision,
        "published_rule": f"{stamp.rule}; publisher {publisher.name} {how}",
        "authors": dispatch.authors or None,
        "source": source,
        "source_line": number,
    }


def _published(dispatch: _Dispatch, publisher: Profile) -> Stamp:
    """Return the latest of issue, end of embargo and first printed publication. Raises TimeError without any."""
    stated = [*dispatch.issued, ("end of embargo", dispatch.embargo)]
    stamps = [publisher.stamp(text, origin) for origin, text in stated if text]
    printed = [publisher.stamp(text, "date.publication") for text in dispatch.printed if text]
    stamps += sorted(printed, key=_known_by)[:1]
    known = [(stamp.instant, stamp) for stamp in stamps if stamp.instant is not None]
    if not known:
        raise TimeError("the item has no issue time")
    return max(known, key=lambda pair: pair[0])[1]


def _known_by(stamp: Stamp) -> datetime:
    """Return the latest instant a stamp may mean: a day counts at its end."""
    if stamp.instant is None:
        return datetime.max.replace(tzinfo=UTC)
    return stamp.instant + timedelta(days=stamp.precision == "day")


def _provider(meta: Element | None) -> tuple[str, ...]:
    provider = _child(meta, "provider")
    if provider is None:
        return ()
    return tuple(filter(None, (text_within(_child(provider, "name")), _code(provider), provider.get("literal", ""))))


def _paragraphs(content: Element | None) -> tuple[str, ...]:
    """Return the paragraphs of a content: its ``p`` elements, else its plain text split at blank lines."""
    if content is None:
        return ()
    marked = [text_within(each) for each in _outermost(content, "p")]
    if marked:
        return tuple(filter(None, marked))
    data = _find(content, "inlineData")
    plain = "" if data is None else clean_text("".join(data.itertext()))
    return tuple(text for part in plain.split("\n\n") if (text := one_line(part)))


def _code(element: Element | None) -> str:
    """Return the code of a controlled value without its scheme: ``usable`` for ``stat:usable``."""
    value = "" if element is None else element.get("qcode") or element.get("uri") or ""
    return value.replace("/", ":").rpartition(":")[2].casefold()


def _attribute(element: Element | None, name: str) -> str:
    return "" if element is None else element.get(name, "")


def _norm(element: Element | None) -> str:
    return _attribute(element, "norm") or text_within(element)


def _children(parent: Element | None, name: str) -> list[Element]:
    return [] if parent is None else [each for each in parent if local_name(each) == name]


def _child(parent: Element | None, name: str) -> Element | None:
    return next(iter(_children(parent, name)), None)


def _outermost(parent: Element, name: str) -> Iterator[Element]:
    """Yield the descendants of that name, without those nested in one another."""
    for each in parent:
        if local_name(each) == name:
            yield each
        else:
            yield from _outermost(each, name)


def _find(parent: Element | None, name: str) -> Element | None:
    """Return the first element of that name at any depth, the parent included."""
    return None if parent is None else next((each for each in parent.iter() if local_name(each) == name), None)
