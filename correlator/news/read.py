"""Read news from a file, folder, glob, address or frame with the reader that fits its content."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Unpack

from correlator.base.addresses import is_address, shown
from correlator.base.files import called, is_file, name_of, show_as
from correlator.containers.packed import extracted, name_unpacked, unpacking
from correlator.errors import InputError, NotFoundError
from correlator.news.batch import Batch
from correlator.news.charset import decode, encoding_named
from correlator.news.corpora.records import ARROW, WORKBOOKS
from correlator.news.pages.page import page_batch, read_page, rejected_page
from correlator.news.publishers import Publishers, TimeOptions, publishers_of

if TYPE_CHECKING:
    from correlator.news.corpora.table import Table
    from correlator.news.fetch import Answer

_SNIFF = 4096
_TABLES = (".jsonl", ".ndjson", ".parquet", *ARROW, *WORKBOOKS)
_SEPARATED = (".csv", ".tsv")
# The headers of an e-mail: at least three, from the first line on.
_MAIL = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*: .*\r?\n(?:[ \t].*\r?\n)*){3}")
_MAIL_HEADER = re.compile(r"(?m)^([A-Za-z][A-Za-z0-9-]*): ")


class NewsOptions(TimeOptions, total=False):
    """Options for reading a source of news, described in ``read_news``."""

    profile: str | None
    columns: Mapping[str, str] | None
    layout: str
    published: str | None
    encoding: str | None
    allow_private: bool


def read_news(path_or_url: str | Path | Any, **options: Unpack[NewsOptions]) -> Iterator[Batch]:
    """Yield batches of articles, quotes and rejects read from ``path_or_url``.

    Parameters
    ----------
    path_or_url
        A file, folder, glob, address, or frame with one row per article. Of a folder, glob or zip archive a
        file that cannot be read becomes a reject; tables of one layout are read as parts of one table.
    profile
        The publisher: the name of a shipped profile, or a TOML file.
    columns
        Maps our column names to those of a corpus.
    layout
        One of ``LAYOUTS``.
    published
        The publication time of a single page, in place of the time it prints.
    zone
        IANA time zone of times without one, used where the publisher's zone is not known.
    date_order
        ``dmy`` or ``mdy``, for dates such as 05/06/2025.
    earliest
        The earliest date an article may have (default 1990-01-01).
    encoding
        The encoding of files and feeds that are not UTF-8 and do not declare one.
    allow_private
        Whether an address on this machine or its network may be read.

    Raises
    ------
    InputError, TimeError
        For a single file that cannot be read.
    NotFoundError
        For a file that does not exist.
    """
    layout, columns = options.get("layout", "auto"), options.get("columns")
    if layout not in LAYOUTS:
        raise InputError(f"unknown layout {layout!r}", hint=f"layouts are {', '.join(LAYOUTS)}")
    publishers = publishers_of(
        options.get("profile"), options.get("zone"), options.get("date_order"), options.get("earliest")
    )
    if not isinstance(path_or_url, str | Path):
        from correlator.news.corpora.corpus import read_frame

        _check_used("corpus", "a frame", published=options.get("published"))
        kind = type(path_or_url).__module__.partition(".")[0]
        yield from read_frame(path_or_url, f"{kind} frame", publishers, columns=columns)
        return
    name = str(path_or_url)
    if is_address(name):
        from correlator.news.fetch import fetch

        answer = fetch(name, allow_private=options.get("allow_private", False))
        if answer.body is not None:
            _check_used("html", shown(name), columns=columns)
            published, encoding = options.get("published"), options.get("encoding")
            yield from read_answer(
                answer, shown(name), publishers, published=published, layout=layout, encoding=encoding
            )
        return
    request = _Request(layout, publishers, columns, options.get("published"), options.get("encoding"))
    with TemporaryDirectory(prefix="correlator-") as folder:
        files = [each for file in _files(name) for each in _unzipped(file, request, Path(folder))]
        alone = len(files) == 1 and is_file(Path(name))
        _check_options(request, files, alone=alone)
        if not alone:
            request = replace(request, tables=_tables(files, request))
        for file in files:
            try:
                yield from _LAYOUTS[request.layout_of(file)].read(file, request)
            except InputError as error:
                if alone:
                    raise
                yield _rejected(file, request, _without_name(str(error), file))


def _unzipped(path: Path, request: _Request, folder: Path) -> list[Path]:
    """Return the files to read: the path itself, or the members of a zip archive unpacked below ``folder``."""
    if request.layout == "gdelt" or not path.name.lower().endswith(".zip") or _is_gdelt_archive(path):
        return [path]
    target = folder / str(len(list(folder.iterdir())))
    target.mkdir()
    files = extracted(path, target)
    for name, file in files:
        show_as(file, f"{called(path)}/{name}")
    return [file for _, file in files]


def _is_gdelt_archive(path: Path) -> bool:
    from correlator.news.corpora.gdelt import is_gdelt, unpacked_lines

    try:
        return is_gdelt(next(unpacked_lines(path), ""))
    except InputError:  # several files or damaged; the code that unpacks it reports this
        return False


@dataclass(frozen=True)
class _Request:
    """The options for reading the files of a source; ``tables``: what several tables show together."""

    layout: str
    publishers: Publishers
    columns: Mapping[str, str] | None
    published: str | None
    encoding: str | None
    tables: Mapping[Path, Table | InputError] = field(default_factory=dict)

    def layout_of(self, path: Path) -> str:
        """Return the layout of a file: the requested one, or the one detected from its content."""
        return sniff(path) if self.layout == "auto" else self.layout


def _text(path: Path, request: _Request) -> Iterator[Batch]:
    return read_page(path, request.publishers, published=request.published, encoding=request.encoding)


def _html(path: Path, request: _Request) -> Iterator[Batch]:
    from correlator.news.pages.html_page import read_html

    return read_html(path, request.publishers, published=request.published, encoding=request.encoding)


def _feed(path: Path, request: _Request) -> Iterator[Batch]:
    from correlator.news.feed import read_feed

    return read_feed(path, request.publishers, encoding=request.encoding)


def _agency(path: Path, request: _Request) -> Iterator[Batch]:
    from correlator.news.dispatches import read_dispatches

    return read_dispatches(path, request.publishers)


def _archive(path: Path, request: _Request) -> Iterator[Batch]:
    from correlator.news.archives import read_archive

    return read_archive(path, request.publishers, published=request.published)


def _corpus(path: Path, request: _Request) -> Iterator[Batch]:
    from correlator.news.corpora.corpus import read_corpus

    table = request.tables.get(path)
    if isinstance(table, InputError):
        raise table
    return read_corpus(path, request.publishers, columns=request.columns, encoding=request.encoding, table=table)


def _tables(files: list[Path], request: _Request) -> Mapping[Path, Table | InputError]:
    """Return the tables among several files, each read as a part of all tables of its layout."""
    from correlator.news.corpora.together import tables_of

    tables = (file for file in files if _is_table(file, request))
    return tables_of(tables, request.publishers, request.columns, request.encoding)


def _is_table(path: Path, request: _Request) -> bool:
    named = name_unpacked(path).endswith((*_TABLES, *_SEPARATED, ".json"))
    try:
        return (named or request.layout == "corpus") and request.layout_of(path) == "corpus"
    except InputError:  # its reader reports this
        return False


def _gdelt(path: Path, request: _Request) -> Iterator[Batch]:
    from correlator.news.corpora.gdelt_articles import read_gdelt_articles

    return read_gdelt_articles(path, request.publishers)


@dataclass(frozen=True)
class _Layout:
    """A file layout: its reader, its name in error messages, and which of ``published`` and ``columns`` it uses."""

    read: Callable[[Path, _Request], Iterator[Batch]]
    called: str
    uses: str = ""


_LAYOUTS = {
    "text": _Layout(_text, "a page", "published"),
    "html": _Layout(_html, "a page", "published"),
    "feed": _Layout(_feed, "a feed"),
    "agency": _Layout(_agency, "an agency's file"),
    "archive": _Layout(_archive, "an archive of pages", "published"),
    "corpus": _Layout(_corpus, "a table", "columns"),
    "gdelt": _Layout(_gdelt, "a GDELT file"),
}
LAYOUTS = ("auto", *_LAYOUTS)


def _check_options(request: _Request, files: list[Path], *, alone: bool) -> None:
    """Raise InputError for an option that no reader of these files would use."""
    if request.published and not alone:
        raise InputError(
            f"published applies to a single page, got {len(files)} files",
            hint="add the page on its own",
            argument="published",
        )
    if alone and (request.published or request.columns):
        _check_used(request.layout_of(files[0]), str(files[0]), published=request.published, columns=request.columns)


def _check_used(kind: str, source: str, **given: object) -> None:
    """Raise InputError for an option that the reader of this kind of source does not use."""
    for name, value in given.items():
        if value and _LAYOUTS[kind].uses != name:
            users = "tables of news" if name == "columns" else "pages"
            raise InputError(
                f"{name} applies to {users}, but {source} is {_LAYOUTS[kind].called}", hint="omit it", argument=name
            )


def read_answer(
    answer: Answer,
    url: str,
    publishers: Publishers,
    *,
    published: str | None = None,
    layout: str = "auto",
    encoding: str | None = None,
) -> Iterator[Batch]:
    """Yield batches of the response of an address: a feed, dispatches, or one page. Raises InputError and TimeError."""
    from correlator.news.dispatches import dispatch_batches
    from correlator.news.feed import feed_batches
    from correlator.news.pages.html_page import parse_html

    body = answer.body or b""
    text = body.decode(encoding_named(encoding), "replace") if encoding else decode(body, answer.content_type)
    kind = _kind_of(text[:_SNIFF])
    if layout != "auto" and kind not in _ANSWERS.get(layout, ()):
        expected = _LAYOUTS[layout].called
        raise InputError(
            f"{url} answered with {_LAYOUTS[kind].called}, not {expected}", hint=f"give the address of {expected}"
        )
    _check_used(kind, url, published=published)
    if kind == "agency":
        yield from dispatch_batches(text.encode(), url, publishers)
    elif kind == "html":
        yield page_batch(parse_html(text, publishers=publishers, url=url, published=published, where=url), url, 1)
    else:
        yield from feed_batches(body, url, publishers, content_type=answer.content_type, encoding=encoding)


_ANSWERS = {"feed": ("feed", "agency"), "agency": ("agency",), "html": ("html",), "text": ("html",)}
"""The kinds of answer of an address that each layout allows; the others are layouts of files."""


def _kind_of(head: str) -> str:
    """Return the kind of an answer by its beginning."""
    from correlator.news.dispatches import is_dispatch
    from correlator.news.pages.html_page import looks_like_html

    if is_dispatch(head):
        return "agency"
    return "html" if looks_like_html(head) and not _is_feed(head) else "feed"


def sniff(path: Path) -> str:
    """Detect the layout of a file, one of ``LAYOUTS``, by its first bytes and, for tables, its name."""
    stem = name_unpacked(path)
    if stem.endswith(".zip"):
        if not _is_gdelt_archive(path):
            raise InputError(f"{called(path)} is an archive inside an archive", hint="unpack it first")
        return "gdelt"
    if stem.endswith(_SEPARATED):
        from correlator.news.corpora.gdelt import is_gdelt
        from correlator.news.text_lines import lines_of

        return "gdelt" if is_gdelt(next(lines_of(path, lenient=True), "")) else "corpus"
    if stem.endswith(_TABLES):
        return "corpus"
    from correlator.news.archives import is_archive
    from correlator.news.dispatches import is_dispatch
    from correlator.news.pages.html_page import looks_like_html

    head = _head(path)
    if is_archive(head):
        return "archive"
    if _MAIL.match(head) and {"subject", "date"} <= {name.lower() for name in _MAIL_HEADER.findall(head)}:
        raise InputError(
            f"{called(path)} is an e-mail, which may contain several articles",
            hint="save the article's page or its text instead",
        )
    if is_dispatch(head):
        return "agency"
    if _is_feed(head):
        return "feed"
    if stem.endswith(".json"):
        return "corpus"
    return "html" if looks_like_html(head) else "text"


def _is_feed(head: str) -> bool:
    lower = head.lstrip().lower()
    marked = any(
        mark in lower
        for mark in ("<rss", "<feed", "<rdf:rdf", "<urlset", "jsonfeed.org/version", r"jsonfeed.org\/version")
    )
    return marked or (lower.startswith("<?xml") and "<html" not in lower)


def _without_name(reason: str, path: Path) -> str:
    """Return the reason why a file is not read without its name, which stands beside it: one reason for many files."""
    name = next((name for name in (called(path), name_of(path)) if reason.startswith(name)), None)
    if name is None:
        return reason
    after = reason.removeprefix(name)
    place = after.lstrip(" ,:")
    return place if after[:1] in (",", ":") or place.startswith("line ") else f"the file {place}"


def _rejected(path: Path, request: _Request, reason: str) -> Batch:
    """Return the batch that rejects a file of a folder or glob; quotes on the ticker strip of a page are kept."""
    from correlator.news.pages.html_page import visible_text
    from correlator.news.pages.page import read_text

    try:
        is_page = _LAYOUTS[request.layout_of(path)].uses == "published"
        text = visible_text(read_text(path, request.encoding)) if is_page else ""
    except InputError:
        text = ""
    return rejected_page(called(path), 0, reason, text=text, name=name_of(path))


def _files(name: str) -> list[Path]:
    """Return the files that a path, folder or glob names, sorted. Raises NotFoundError if there are none."""
    path = Path(name)
    if is_file(path):
        return [path]
    if os.path.isdir(path):
        files = sorted(file for file in path.rglob("*") if is_file(file) and not file.name.startswith("."))
    else:
        files = sorted(Path(match) for match in glob.glob(name, recursive=True) if is_file(Path(match)))
    if not files:
        what = "contains no files" if os.path.isdir(path) else "does not exist"
        raise NotFoundError(f"{name} {what}", hint="give a file, a folder, a glob or an address")
    return files


def _head(path: Path) -> str:
    with path.open("rb") as probe, unpacking(probe, path.name) as (file, _):
        return decode(file.read(_SNIFF))
