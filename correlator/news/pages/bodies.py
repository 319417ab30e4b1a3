"""The running text of a page by trafilatura, without links to other articles and what its publisher always adds.

Where the article's JSON-LD node carries its text, a paragraph that is not in it is not the article's.
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
# *STR/AFP via Getty Images*: who took a picture.
_CREDIT = re.compile(
    r"(?i)(?:[^.!?]{0,60}[/,|:(–-]\s*)?(?:getty images?|afp|reuters|imago\w*|dpa|epa|ap photo|ap images|shutterstock"
    r"|istock\w*|alamy|picture[- ]alliance|unsplash|pexels|pa media|pa images|bloomberg via getty images"
    r"|anadolu via getty images|xinhua|ntb|ritzau|scanpix|ansa)(?: via [\w ]{2,30})?\)?\.?"
)
_LONGEST_CREDIT = 90
# What stands where a page holds something of another site back until the reader allows it.
_HELD_BACK = re.compile(
    r"(?i)(?:externer inhalt\b|deine privatsphäre-einstellungen|an dieser stelle (?:finden sie|befindet sich)"
    r"|empfohlener (?:externer|redaktioneller) inhalt|this content is hosted by a third party|to view this content"
    r"|to display this content|external content\b|ce contenu (?:externe|est hébergé)|contenu externe\b"
    r"|este contenido (?:externo|está))"
)
_AGREES = 0.7  # share of the default mode's text that the precise mode must keep to be taken
_LINK = 0.8
_LEAST_STATED = 400
_TOLD = 0.6
_COVERED = 0.7
_LEAST_KEPT = 0.5  # a node that holds less is a teaser


@dataclass(frozen=True)
class _Block:
    """A paragraph, heading or item of a list; ``linked``: nearly all of it is the text of a link."""

    kind: str
    text: str
    linked: bool


def body_of(
    text: str, headline: str, publisher: Profile, stated: str = ""
) -> tuple[str | None, str | None, str | None]:
    """Dateline, agency of the dateline, and running text with a blank line between paragraphs; None where none.

    ``stated`` is the text that the article's own node carries, if any.
    """
    blocks = [block for block in _blocks(text, publisher) if block.text != headline and not publisher.drops(block.text)]
    running = [block for block in _as_stated(_trimmed(blocks), stated) if not _refers(block)]
    paragraphs = [block.text for block in running]
    if not paragraphs:
        return None, None, None
    dateline, agency, paragraphs[0] = split_dateline(paragraphs[0])
    return dateline, agency, "\n\n".join(paragraphs)


def _refers(block: _Block) -> bool:
    """Whether a block leads elsewhere: a link, an item of a list of titles, an invitation, a picture's credit."""
    invites = len(block.text) <= _LONGEST_INVITATION and bool(_INVITATION.match(block.text))
    credit = len(block.text) <= _LONGEST_CREDIT and bool(_CREDIT.fullmatch(block.text))
    if credit or _HELD_BACK.match(block.text) or not any(letter.isalnum() for letter in block.text):
        return True
    return block.linked or invites or (block.kind == "item" and is_title_like(block.text))


def _trimmed(blocks: Sequence[_Block]) -> Sequence[_Block]:
    """Without byline or date above the text, and titles of other articles below it."""
    first, last = 0, len(blocks)
    while first < last - 1 and is_title_like(blocks[first].text):
        first += 1
    while last - 1 > first and is_title_like(blocks[last - 1].text):
        last -= 1
    return blocks[first:last]


def _as_stated(blocks: Sequence[_Block], stated: str) -> Sequence[_Block]:
    """The blocks that the stated text has too, and headings; all where it has too few of them."""
    words = _words(stated)
    if len(stated) < _LEAST_STATED:
        return blocks
    pairs = set(pairwise(words))
    kept = [block for block in blocks if block.kind == "head" or _share(_words(block.text), pairs) >= _TOLD]
    covered, length = (sum(len(each.text) for each in some if each.kind != "head") for some in (kept, blocks))
    return kept if covered >= max(_COVERED * len(stated), _LEAST_KEPT * length) else blocks


def _share(words: Sequence[str], pairs: set[tuple[str, str]]) -> float:
    own = list(pairwise(words))
    return sum(pair in pairs for pair in own) / len(own) if own else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]|\w+", text.casefold())


def _blocks(text: str, publisher: Profile) -> Iterator[_Block]:
    """The blocks of the default extraction, or of the precise one, which drops furniture, where both agree."""
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
    """The blocks of the text; of pages whose markup trafilatura cannot write as XML the lines of its plain text."""
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
