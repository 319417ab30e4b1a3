"""A page's markup as a tree (lxml), the lines that a browser shows of it, and what is not part of the article."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lxml import etree, html

from correlator.base.source_limits import check_markup
from correlator.errors import InputError

MAX_TEXT = 4_000_000
_SILENT = frozenset(("script", "style", "noscript", "template", "svg", "head", "iframe", "object", "select"))
EMPHASIS = frozenset(
    ("a", "abbr", "b", "bdi", "cite", "em", "font", "i", "mark", "small", "strong", "sub", "sup", "u", "wbr")
)
"""Elements that stand within a word as well as between words."""
_ASIDE_TAGS = frozenset(("aside", "nav", "footer", "form"))
_ASIDE = re.compile(
    r"(?i)(?:^|[\s_\-])(?:related|relatedposts|recommend\w*|most-?(?:read|viewed|popular)|popular|trending|sidebar|side-bar"
    r"|comments?|commentlist|widget|latest|more-news|teasers?|read-?(?:more|next|also)|also-read|promo|newsletter|breadcrumbs?"
    r"|menu|navbar|ticker|carousel|recirc\w*|outbrain|taboola)(?:$|[\s_\-])"
)
# What says of the page as a whole whether it has a bar next to the article.
_LAYOUT = re.compile(r"(?i)\b(?:no|without|with|has|hide)[\-_](?:left[\-_]|right[\-_])?side-?bar\b")


def parse_tree(text: str) -> html.HtmlElement:
    """The tree of a page's text, empty if it holds nothing; raises InputError for what cannot be read."""
    check_markup(text, "the page")
    raw = (text[:MAX_TEXT] or " ").encode("utf-8", "replace")  # as bytes, so that a declaration of XML does no harm
    try:
        return html.document_fromstring(raw, parser=html.HTMLParser(encoding="utf-8", remove_comments=True))
    except etree.ParserError:  # nothing but comments
        return html.document_fromstring("<html><body></body></html>")
    except (etree.LxmlError, ValueError, AssertionError, RecursionError) as error:
        raise InputError(f"the page is not HTML that can be read: {error}") from None


def visible_lines(root: html.HtmlElement) -> list[str]:
    """The lines a browser shows, single spaces; emphasis within a word does not split it, everything else does."""
    parts: list[str] = []
    for event, element in etree.iterwalk(_body(root), events=("start", "end")):
        if not isinstance(element.tag, str):
            if event == "end":
                parts.append(element.tail or "")
            continue
        silent = _within_silence(element)
        if event == "start":
            parts.append(_gap(element.tag) + ("" if silent else element.text or ""))
        else:
            parts.append(_gap(element.tag) + ("" if silent and element.tag not in _SILENT else element.tail or ""))
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return [line for line in lines if line]


def text_of(element: html.HtmlElement) -> str:
    """The text of an element on one line."""
    return " ".join("".join(element.itertext()).split())


def aside_of(element: html.HtmlElement) -> bool:
    """Whether an element stands in a list of other items, navigation, comments and the like, by tag and class names."""
    for each in (element, *element.iterancestors()):
        if not isinstance(each.tag, str) or each.tag in ("body", "html", "main"):
            return False
        names = _LAYOUT.sub("", f"{each.get('class', '')} {each.get('id', '')}")
        if each.tag in _ASIDE_TAGS or _ASIDE.search(names):
            return True
    return False


def _body(root: html.HtmlElement) -> html.HtmlElement:
    body = root.find("body")
    return root if body is None else body


def _gap(tag: str) -> str:
    """What a tag puts between the words before and after it: nothing for emphasis, else a blank or a line's end."""
    if tag in EMPHASIS:
        return ""
    return " " if tag in ("span", "td", "th", "label", "button", "img", "time", "input") else "\n"


def _within_silence(element: html.HtmlElement) -> bool:
    return element.tag in _SILENT or any(each.tag in _SILENT for each in element.iterancestors())


def meta_values(root: html.HtmlElement) -> Iterator[tuple[str, str]]:
    """Name in lower case and content of every meta tag of the page that has no scope of its own, in order."""
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content and content.strip() and not _scoped(element):
            yield name.strip().lower(), " ".join(content.split())
            if name == "parsely-page":
                yield from _parsely(content)


def _parsely(content: str) -> Iterator[tuple[str, str]]:
    """What the older tag of Parse.ly states as JSON, by the names of its newer tags."""
    try:
        stated = json.loads(content)
    except (ValueError, RecursionError):
        return
    for ours, theirs in (("parsely-pub-date", "pub_date"), ("parsely-title", "title")):
        if isinstance(stated, dict) and isinstance(stated.get(theirs), str):
            yield ours, stated[theirs]


def _scoped(element: html.HtmlElement) -> bool:
    """Whether a meta tag with ``itemprop`` belongs to a scope: it is microdata, not a statement of the page."""
    return bool(element.get("itemprop")) and any(
        each.get("itemscope") is not None or each.tag == "body" for each in element.iterancestors()
    )
