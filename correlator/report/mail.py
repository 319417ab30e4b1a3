"""A report as one message: words and the summary in its text, the page and the tables as attachments.

The same report gives the same bytes: the message has no date and no address, which the program that sends it adds.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping
from email.message import EmailMessage, Message
from email.policy import SMTP

from correlator.eventstudy.summary import summary_cells
from correlator.report.contents import Contents
from correlator.report.words import new_sentences, summary_paragraphs

MAIL = "mail.eml"
_TYPES = {"csv": ("text", "csv"), "html": ("text", "html")}


def mail_message(contents: Contents, files: Mapping[str, bytes]) -> bytes:
    """The message with ``files`` attached; tear sheet and tables alike."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = f"{contents.spec.heading}, {contents.moment.session}"
    message.set_content("\n\n".join(_paragraphs(contents)) + "\n")
    message.add_alternative(_page(contents), subtype="html")
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
    """The words of the report, and of each further study under its name."""
    own = [*new_sentences(contents), *summary_paragraphs(contents)]
    for name, each in contents.others:
        own += [f"{name}:", *summary_paragraphs(each)]
    return own


def _page(contents: Contents) -> str:
    """The same as HTML that mail programs show: no script, no style sheet."""
    parts = "".join(f"<p>{html.escape(text)}</p>" for text in _paragraphs(contents))
    for name, each in (("", contents), *contents.others):
        if each.result is not None and len(each.result.estimates):
            headings, rows = summary_cells(each.result.summary(), each.result.spec.by, each.result.spec.returns)
            lines = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in (headings, *rows))
            parts += (f"<h3>{html.escape(name)}</h3>" if name else "") + f'<table border="1">{lines}</table>'
    return f"<html><body><h2>{html.escape(contents.spec.heading)}</h2>{parts}</body></html>"


def _cell(text: str) -> str:
    return f'<td style="padding:2px 8px">{html.escape(text)}</td>'
