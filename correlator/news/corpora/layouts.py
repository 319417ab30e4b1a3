"""Layouts of corpora and news services: one TOML file each under ``data/corpora/``, so that a new one needs no code.

``needs`` lists the columns that identify a layout; ``columns`` maps our fields to columns of the file (the first that
exists is used); ``hour`` is the column of clock times beside dates; ``zone`` is the zone of times without one;
``clock = "unknown"`` means that the zone differs between rows, so that only the date is certain; ``precision`` is a
column that states this per row: a time is exact only if the column equals ``exact``; ``rows`` is the path of the list
of articles in a JSON document; ``nothing`` lists the values of empty texts.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from correlator.base.resources import data_path
from correlator.errors import InputError, listed
from correlator.news.times.timestamps import ABBREVIATIONS

FIELDS = (
    "headline",
    "published",
    "url",
    "body",
    "updated",
    "authors",
    "publisher",
    "language",
    "symbols",
    "embargo",
    "status",
)
# Usual names of columns, for files without a known layout; of several, the first counts.
_USUAL: Mapping[str, Sequence[str]] = {
    "headline": (
        "headline", "title", "headlines", "headline_text", "article_title", "news_title", "news_headline", "webtitle",
        "titre", "titel", "überschrift", "schlagzeile", "título", "titular", "manchete", "titolo", "tytuł", "başlık",
        "haber başlığı", "заголовок", "заголовок новости", "judul", "tiêu đề", "标题", "標題", "新闻标题", "見出し",
        "タイトル", "제목", "기사제목", "العنوان", "عنوان", "शीर्षक",
    ),
    "published": (
        "published", "published_at", "publishedat", "published_utc", "published_datetime", "publication_datetime",
        "publish_datetime", "publishing_date", "published_date", "publisheddate", "publish_date", "publishdate",
        "date_published", "date_publish", "datepublished", "datetimepub", "pub_date", "pubdate", "publication_date",
        "time_published", "webpublicationdate", "seendate", "published_on", "release_date", "release_time", "ts_text",
        "datetime", "date_time", "timestamp", "timestamp_utc", "datetime_utc", "date_utc", "time_utc",
        "unix_timestamp", "unix_time", "unix_ts", "epoch", "created_utc", "story_date", "news_date", "date",
        "publish_time", "published_time", "publication_time", "time", "filed_at", "filed", "filing_date", "date_filed",
        "time_of_arrival", "dt_tm",
        "date de publication", "fecha de publicación", "fecha publicación", "fecha",
        "data de publicação", "data publicação", "data di pubblicazione",
        "data publikacji", "veröffentlichungsdatum", "erscheinungsdatum", "datum", "veröffentlicht", "yayın tarihi",
        "haber tarihi", "haber zamanı", "tarih", "дата публикации", "дата", "tanggal terbit", "tanggal", "ngày đăng",
        "发布时间", "发布时间戳", "发布日期", "日期", "時間", "时间", "公開日時", "公開日", "配信日時", "日時", "日付",
        "발행일", "등록일", "게시일", "날짜", "تاريخ النشر", "التاريخ", "تاریخ انتشار", "تاریخ", "दिनांक", "data",
    ),
    "url": (
        "url", "link", "address", "article_url", "web_url", "weburl", "news_url", "article_link", "permalink",
        "links.permalink", "canonical_url", "source_url", "sourceurl", "story_url", "page_url", "html.requested_url",
        "documenturl", "lien", "enlace", "href", "announcement_url", "bağlantı", "ссылка", "tautan", "链接", "新闻链接",
        "網址", "网址", "リンク", "링크", "الرابط", "لینک", "लिंक",
    ),
    "body": (
        "body", "text", "content", "article", "maintext", "description", "summary", "plaintext", "html", "raw_html",
        "page_html", "texte", "contenu", "texto", "contenido", "conteúdo", "inhalt", "testo", "haber metni", "metin",
        "içerik", "özet", "текст новости", "текст", "isi", "konten", "nội dung", "正文", "新闻内容", "内容", "內容",
        "摘要", "本文", "본문", "내용", "요약", "النص", "متن",
    ),
    "updated": ("updated", "updated_at", "date_modified", "datemodified", "modified"),
    "authors": ("authors", "author", "byline", "creator", "journalists", "journalist", "writer", "auteur", "autor",
                "autore", "yazar", "автор", "penulis", "作者", "기자", "الكاتب"),
    "publisher": ("publisher", "publication", "newspaper", "source.name", "source_name", "media_name", "provider",
                  "source.title", "source.domain", "source_domain", "site_name", "sitename", "hostname", "domain",
                  "pubtitle", "fonte", "fuente", "quelle", "kaynak", "источник", "sumber", "nguồn",
                  "来源", "新闻来源", "文章来源", "來源", "媒体", "매체", "언론사", "المصدر", "منبع"),
    "language": ("language", "lang", "language_code"),
    "symbols": ("symbols", "symbol", "tickers", "ticker", "stock_symbol", "stock_symbols", "stock", "stocks",
                "stock_code", "тикер", "股票代码", "证券代码", "종목코드"),
    "embargo": ("embargo", "embargoed", "embargo_until", "embargoed_until", "embargo_date", "embargo_end"),
    "status": ("status", "pubstatus", "pub_status", "publication_status", "article_status", "post_status"),
}  # fmt: skip
_MAY_BE_OBJECTS = ("publisher", "authors", "symbols")
# Statuses of unpublished texts, as written by agencies and content management systems.
NOT_OUT = frozenset((
    "canceled", "cancelled", "withheld", "killed", "spiked", "draft", "auto-draft", "pending", "private", "future",
    "scheduled", "trash", "deleted", "retracted", "withdrawn", "unpublished",
))  # fmt: skip
_ACCENT = re.compile("[\u0300-\u036f]")
_CLOCKS = frozenset((
    "time", "clock", "hour", "timeofday", "publishtime", "publishedtime", "publicationtime", "storytime", "newstime",
    "heure", "uhrzeit", "hora", "orario", "saat", "время", "waktu", "jam", "时间", "時間", "時刻", "시간",
    "الوقت", "ساعت", "समय",
))  # fmt: skip
_ZONES = re.compile(r"(?i)(?:.*[\s_\-.])?tz|.*time[\s_\-]?zone|.*(?:utc|gmt|tz)[\s_\-]?offset|pubdatetz")
_ZONE_IN_NAME = re.compile(
    r"(?P<name>.*?[^\s_\-(\[])"
    r"(?:[\s_\-(\[]+(?P<zone>[a-z]{2,4}(?:[+\-]\d{1,2})?)[)\]]?|(?P<glued>utc|gmt))$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Corpus:
    """A layout, described in the module's docstring. ``columns``: our fields to candidate columns of the file."""

    title: str
    needs: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: str | None = None
    clock: str = "stated"
    precision: str | None = None
    exact: str = ""
    hour: str | None = None
    rows: str | None = None
    nothing: tuple[str, ...] = ()


UNNAMED = Corpus("a table", columns={name: tuple(usual) for name, usual in _USUAL.items()})


def corpus_of(names: Sequence[str]) -> Corpus:
    """Return the layout of a file with these columns: of those that match, the one that needs the most columns."""
    known = {_bare(name) for name in names}
    fitting = [each for each in _shipped() if all(_bare(need) in known for need in each.needs)]
    return max(fitting, key=lambda each: (len(each.needs), len(each.columns)), default=UNNAMED)


def column_places(
    corpus: Corpus, names: Sequence[str], columns: Mapping[str, str] | None, where: str
) -> dict[str, int]:
    """Map our fields to positions of columns; ``columns`` is the caller's mapping. Raises InputError if it is wrong."""
    written = {_bare(name): name for name in reversed(names)}
    zoned = {_bare(split[0]): name for name in reversed(names) if (split := _split_zone(name))}
    objects = {name.rpartition(".")[0] for name in names}
    places: dict[str, str] = {}
    for ours in FIELDS:
        candidates = (*corpus.columns.get(ours, ()), *_USUAL[ours])
        present = (named[_bare(name)] for name in candidates for named in (written, zoned) if _bare(name) in named)
        excluded = {places.get("headline")} if ours == "body" else set()
        excluded |= set() if ours in _MAY_BE_OBJECTS else objects
        match = next((name for name in present if name not in excluded), None)
        if match is not None:
            places[ours] = match
    for ours, theirs in (columns or {}).items():
        if ours not in FIELDS or theirs not in names:
            what = f"unknown field {ours!r}" if ours not in FIELDS else f"column {theirs!r} is missing"
            raise InputError(
                f"{where}: {what}", hint=f"fields are {', '.join(FIELDS)}; columns are {listed(names, 20)}"
            )
        places[ours] = theirs
    for theirs in places.values():
        if names.count(theirs) > 1:
            raise InputError(
                f"{where} has {names.count(theirs)} columns named {theirs!r}",
                hint="give each column a unique name",
            )
    return {ours: names.index(theirs) for ours, theirs in places.items()}


def clock_place(corpus: Corpus, names: Sequence[str], places: Mapping[str, int]) -> int | None:
    """Return the position of a column of clock times next to dates (*date*, *time*), or None."""
    if "published" not in places:
        return None
    if corpus.hour in names:
        return names.index(corpus.hour)
    clocks = [
        at
        for at, name in enumerate(names)
        if _bare((_split_zone(name) or (name,))[0]) in _CLOCKS and at not in places.values()
    ]
    return clocks[0] if len(clocks) == 1 else None


def zone_place(names: Sequence[str], places: Mapping[str, int]) -> int | None:
    """Return the position of a column of zones next to times (*date*, *timezone*), or None."""
    if "published" not in places:
        return None
    return next(
        (at for at, name in enumerate(names) if _ZONES.fullmatch(name.strip()) and at not in places.values()), None
    )


def zone_in_name(names: Sequence[str], *places: int | None) -> str | None:
    """Return the IANA zone in the name of a column at ``places`` (*TIMESTAMP_UTC*, *Time (ET)*), or None."""
    stated = (_split_zone(names[place]) for place in places if place is not None)
    return next((split[1] for split in stated if split), None)


def _split_zone(name: str) -> tuple[str, str] | None:
    """Return the name of a column without the zone in it, and the IANA name of that zone; None without a zone."""
    match = _ZONE_IN_NAME.fullmatch(name.strip())
    if not match:
        return None
    called, _, hours = (match["zone"] or match["glued"]).upper().replace("-", "+-").partition("+")
    meaning = ABBREVIATIONS.get(called, "")
    if "/" in meaning:
        return match["name"], meaning
    if not meaning.endswith(":00") or (hours and called not in ("UTC", "GMT")):
        return None
    ahead = int(hours or meaning.partition(":")[0])
    return match["name"], f"Etc/GMT{-ahead:+}" if ahead else "UTC"


def names_headline(names: Iterable[str]) -> bool:
    """Whether one of the names is a known name of a headline column."""
    known = {_bare(name) for each in (UNNAMED, *_shipped()) for name in each.columns.get("headline", ())}
    return any(_bare(name) in known for name in names)


def rows_keys() -> tuple[str, ...]:
    """Return the dotted paths of the list of articles in JSON documents of known services."""
    usual = ("items", "data", "stories", "docs", "messages", "news", "hits", "hits.hits", "_items", "posts")
    return (*dict.fromkeys(each.rows for each in _shipped() if each.rows), *usual)


def _bare(name: str) -> str:
    """Normalise a name: *Publication Date*, *publication_date* and *publicationDate* are equal, without accents."""
    plain = (
        name if name.isascii() else unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", name)))
    )
    return re.sub(r"[\s_/\-]", "", plain.casefold())


@cache
def _shipped() -> tuple[Corpus, ...]:
    return tuple(_read(path.read_text(encoding="utf-8")) for path in sorted(data_path("corpora").glob("*.toml")))


def _read(text: str) -> Corpus:
    raw = tomllib.loads(text)
    columns = {name: (each,) if isinstance(each, str) else tuple(each) for name, each in raw["columns"].items()}
    lists = {name: tuple(raw.get(name, ())) for name in ("needs", "nothing")}
    return Corpus(**{**raw, **lists, "columns": columns})
