"""Extract the running text of a page with trafilatura, without links to other articles and publishers' boilerplate.

If the article's JSON-LD node has its text, paragraphs that are not in it are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from lxml import etree

from correlator.news.pages.page import is_title_like, split_dateline
from correlator.news.profiles import Profile
from correlator.news.strips.strip import without_strip

_LONGEST_INVITATION = 160
_INVITATION = re.compile(
    r"(?i)\W*(?:advertisement|anzeige|publicité|publicidad|pubblicità|reklam|read (?:more|also|next)|also read|see also"
    r"|more (?:on|from|about) this|related(?: (?:articles?|stories|topics))?\b.{0,60}$|recommended|most read"
    r"|watch:|listen:"
    r"|auch interessant|lesen sie (?:auch|mehr)|mehr zum thema|lire aussi|à lire aussi|leggi anche|lea también"
    r"|más información"
    r"|läs (?:också|även|mer)|les også|sign up|subscribe|newsletter|follow us|follow \w+ on|download our app|share this"
    r"|copyright|©|all rights reserved|get in touch|got a (?:story|tip)|for more stories|photo: |picture: |image: "
    r"|image credit|foto: |bild: |devamını oku|ilgili haber|читайте также|関連記事|추천 기사|相关阅读|اقرأ أيضا)"
)
# Credits of pictures, such as *STR/AFP via Getty Images*.
_CREDIT = re.compile(
    r"(?i)(?:[^.!?]{0,60}[/,|:(–-]\s*)?(?:getty images?|afp|reuters|imago\w*|dpa|epa|ap photo|ap images|shutterstock"
    r"|istock\w*|alamy|picture[- ]alliance|unsplash|pexels|pa media|pa images|bloomberg via getty images"
    r"|anadolu via getty images|xinhua|ntb|ritzau|scanpix|ansa)(?: via [\w ]{2,30})?\)?\.?"
)
_LONGEST_CREDIT = 90
# Placeholders for embedded content that the reader has to allow.
_HELD_BACK = re.compile(
    r"(?i)(?:externer inhalt\b|deine privatsphäre-einstellungen|an dieser stelle (?:finden sie|befindet sich)"
    r"|empfohlener (?:externer|redaktioneller) inhalt|this content is hosted by a third party|to view this content"
    r"|to display this content|external content\b|ce contenu (?:externe|est hébergé)|contenu externe\b"
    r"|este contenido (?:externo|está))"
)
_AGREES = 0.7  # share of the default mode's text that the precise mode must keep to be used
_LINK = 0.8
_LEAST_STATED = 400
_TOLD = 0.6
_COVERED = 0.7
_LEAST_KEPT = 0.5  # a node with less text is a teaser


@dataclass(frozen=True)
class _Block:
    """A paragraph, heading or list item; ``linked``: nearly all of it is the text of links."""

    kind: str
    text: str
    linked: bool


def body_of(
    text: str, headline: str, publisher: Profile, stated: str = ""
) -> tuple[str | None, str | None, str | None]:
    """Return dateline, agency of the dateline, and running text with blank lines between paragraphs; each may be None.

    ``stated`` is the text in the article's own node, if any.
    """
    blocks = [block for block in _blocks(text, publisher) if block.text != headline and not publisher.drops(block.text)]
    running = [block for block in _as_stated(_trimmed(blocks), stated) if not _is_boilerplate(block)]
    paragraphs = [block.text for block in running]
    if not paragraphs:
        return None, None, None
    dateline, agency, paragraphs[0] = split_dateline(paragraphs[0])
    return dateline, agency, "\n\n".join(paragraphs)


def _is_boilerplate(block: _Block) -> bool:
    """Whether a block is not running text: a link, a list item with a title, an invitation, a picture's credit."""
    invites = len(block.text) <= _LONGEST_INVITATION and bool(_INVITATION.match(block.text))
    credit = len(block.text) <= _LONGEST_CREDIT and bool(_CREDIT.fullmatch(block.text))
    if credit or _HELD_BACK.match(block.text) or not any(letter.isalnum() for letter in block.text):
        return True
    return block.linked or invites or (block.kind == "item" and is_title_like(block.text))


def _trimmed(blocks: Sequence[_Block]) -> Sequence[_Block]:
    """Remove byline or date above the text, and titles of other articles below it."""
    first, last = 0, len(blocks)
    while first < last - 1 and is_title_like(blocks[first].text):
        first += 1
    while last - 1 > first and is_title_like(blocks[last - 1].text):
        last -= 1
    return blocks[first:last]


def _as_stated(blocks: Sequence[_Block], stated: str) -> Sequence[_Block]:
    """Return the blocks that are in the stated text, and headings; all blocks if it has too few of them."""
    words = _words(stated)
    if len(stated) < _LEAST_STATED:
        return blocks
    pairs = set(pairwise(words))
    kept = [block for block in blocks if block.kind == "head" or _share(_words(block.text), pairs) >= _TOLD]
    covered, length = (sum(len(each.text) for each in some if each.kind != "head") for some in (kept, blocks))
    return kept if covered >= max(_COVERED * len(stated), _LEAST_KEPT * length) else blocks


def _share(words: Sequence[str], pairs: set[tuple[str, str]]) -> float:
    inner = list(pairwise(words))
    return sum(pair in pairs for pair in inner) / len(inner) if inner else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]|\w+", text.casefold())


def _blocks(text: str, publisher: Profile) -> Iterator[_Block]:
    """Yield the blocks of the precise extraction if it keeps most of the text, else those of the default one."""
    usual, precise = _extracted(text, precise=False), _extracted(text, precise=True)
    lengths = [sum(len("".join(each.itertext())) for each in root) for root in (usual, precise)]
    for element in precise if lengths[1] >= _AGREES * lengths[0] else usual:
        items = list(element) if element.tag == "list" else [element]
        for item in items:
            whole = " ".join(without_strip("".join(item.itertext()), publisher.strip).split())
            links = sum(len("".join(link.itertext())) for link in item.iter("ref"))
            if whole:
                yield _Block(item.tag, whole, links > _LINK * len(whole))


def _extracted(text: str, *, precise: bool) -> etree._Element:
    """Return the extracted blocks; the lines of plain text if trafilatura cannot write the page as XML."""
    import trafilatura

    extract = partial(trafilatura.extract, text, include_comments=False, include_tables=False, favor_precision=precise)
    try:
        extracted = extract(output_format="xml", include_links=True)
        main = etree.fromstring((extracted or "<doc/>").encode()).find("main")
    except etree.LxmlError:
        main = etree.Element("main")
        for line in (extract() or "").split("\n"):
            etree.SubElement(main, "p").text = line
    return etree.Element("main") if main is None else main
