"""A report as one mail: text, summary table and pictures in its body, the page and the tables attached.

Mail programs run no scripts and show no SVG, so figures are PNG parts that the body refers to (RFC 2392). The same
report gives the same bytes: the message has no date and no addresses, which the sending program adds.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping, Sequence
from email.message import EmailMessage, Message
from email.policy import SMTP

from correlator.report.contents import Contents
from correlator.report.figures import PICTURE_WIDTH, Picture
from correlator.report.tables import averages
from correlator.report.words import new_sentences, summary_paragraphs

MAIL = "mail.eml"
_TYPES = {"csv": ("text", "csv"), "html": ("text", "html")}


def mail_message(contents: Contents, files: Mapping[str, bytes], pictures: Mapping[str, Sequence[Picture]]) -> bytes:
    """Return the mail with ``pictures`` in its body, and ``files`` (tear sheet and tables) attached."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = f"{contents.spec.heading}, {contents.moment.session}"
    message.set_content("\n\n".join(_paragraphs(contents)) + "\n")
    message.add_alternative(_page(contents, pictures), subtype="html")
    body = message.get_body(("html",))
    if body is not None:
        for picture in (each for of_study in pictures.values() for each in of_study):
            cid, name = f"<{_cid(picture)}>", f"{picture.name}.png"
            body.add_related(picture.png, "image", "png", disposition="inline", cid=cid, filename=name)
    for name, content in files.items():
        main, sub = _TYPES[name.rpartition(".")[2]]
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    digest = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()
    for number, part in enumerate(_multiparts(message)):
        part.set_boundary(f"=_{digest[:32]}_{number}")
    return message.as_bytes()


def _multiparts(message: Message) -> list[Message]:
    return [part for part in message.walk() if part.is_multipart()]


def _paragraphs(contents: Contents) -> list[str]:
    """Return the text of the report, and that of each further study under its name."""
    paragraphs = [*new_sentences(contents), *summary_paragraphs(contents)]
    for name, each in contents.others:
        paragraphs += [f"{name}:", *summary_paragraphs(each)]
    return paragraphs


def _cid(picture: Picture) -> str:
    """Return the content id of a picture."""
    return f"{picture.name}@correlator"


def _page(contents: Contents, pictures: Mapping[str, Sequence[Picture]]) -> str:
    """Return the body as HTML without scripts and style sheets."""
    parts = "".join(f"<p>{html.escape(text)}</p>" for text in _paragraphs(contents))
    for name, each in (("", contents), *contents.others):
        parts += f"<h3>{html.escape(name)}</h3>" if name else ""
        if each.result is not None and len(each.result.estimates):
            headings, rows = averages(each.result)
            lines = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in (headings, *rows))
            parts += f'<table border="1">{lines}</table>'
        parts += "".join(map(_image, pictures.get(name, ())))
    if not pictures and contents.spec.outputs.figures:
        parts += "<p>The figures are in the attached page.</p>"
    return f'<html lang="en"><body><h2>{html.escape(contents.spec.heading)}</h2>{parts}</body></html>'


def _image(picture: Picture) -> str:
    size = f'width="{PICTURE_WIDTH}" height="{picture.height}" style="max-width:100%;height:auto"'
    return f'<p><img src="cid:{_cid(picture)}" {size} alt="{html.escape(picture.label)}"></p>'


def _cell(text: str) -> str:
    return f'<td style="padding:2px 8px">{html.escape(text)}</td>'
