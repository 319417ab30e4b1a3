"""Read lines that print a date: whether it is an update, and which parts may be the time."""

from __future__ import annotations

import re

from correlator.errors import TimeError
from correlator.news.times.calendar_words import fold, weekday_of, with_numbers
from correlator.news.times.printed_dates import read_printed

_UPDATE_WORD = re.compile(
    r"(?i)\b(?:last )?(?:updated|modified|corrected|amended|revised|edited(?! by)"
    r"|güncelle\w*|son güncelleme|aktuali[sz]\w+|mis à jour|actualizad[oa]|aggiornat[oa]"
    r"|atualizad[oa]|actualizat|bijgewerkt|gewijzigd|oppdatert|uppdaterad|opdateret|zaktualizowan\w*|ažurir\w*|frissít\w*"
    r"|päivitetty|muokattu|uuendatud|atnaujint\w*|atjaunin\w*|diperbarui|diperbaharui|dikemas ?kini|cập nhật"
    r"|обновл?ен\w*|оновлен\w*|изменен\w*|ажурира\w*|ενημερώθηκε|yenilən\w*)\b"
    r"|更新|修正|تحديث|روزرسانی|اپ ?ڈیٹ|업데이트|수정|עודכן|अपडेट|अद्यतन|संशोधित|আপডেট|হালনাগাদ|อัปเดต|อัพเดท|อัพเดต|แก้ไข"
)
# Japanese and Korean papers write these words after the time.
_UPDATE_BEHIND = re.compile(r"(?:更新|修正|수정)[)）\]]?\s*$")
_PUBLISH_BEHIND = re.compile("公開|配信|掲載|송고|등록")
_PUBLISH_WORD = re.compile(
    r"(?i)\b(?:(?:first )?published|posted|veröffentlicht|yayınlan\w*|yayım\w*|publi(?:é|cado|ée)|pubblicato"
    r"|опубликован\w*|dərc)\b(?: on| at| am| le| el| il)?\s*:?|发布|發布|公開|配信|掲載|입력|نشر|انتشار"
)
_BETWEEN = re.compile(r"\s*(?:[|•·]|来源|來源|출처)\s*")
_LABEL = re.compile(r"^[^\d:：]{1,40}[:：]\s*")
_LONGEST_DATE = 40
_MONTH = re.compile(r"m\d\d\.?")


def is_date(line: str) -> bool:
    """Whether a line is a date and nothing else."""
    if len(line) > _LONGEST_DATE or not re.search(r"\d", line):
        return False
    try:
        read_printed(line, (), "dmy", line)
    except TimeError:
        return False
    return True


def says_update(line: str, *, anywhere: bool = False) -> bool:
    """Whether a line begins or ends with a word for an update; with ``anywhere``, whether it contains one."""
    if anywhere:
        return _UPDATE_WORD.search(line) is not None
    return _begins_with_update(line) or _UPDATE_BEHIND.search(line) is not None


def says_publication(line: str) -> bool:
    """Whether a line contains a word for a publication."""
    return _PUBLISH_WORD.search(line) is not None


def printed_parts(line: str) -> list[str]:
    """Return the parts of a line that may be the time, without labels and without the time of an update."""
    if _begins_with_update(line) and (label := _PUBLISH_WORD.search(line)):
        line = line[label.end() :]
    first = _UPDATE_WORD.split(line)[0] or line
    ahead = _PUBLISH_BEHIND.split(first)[0]
    first = ahead if re.search(r"\d", ahead) else first
    bare = re.sub(r"(?i)^.{0,60}?\b(?:published|posted|first published|date)\b(?: on| at)?\s*:?\s*", "", first)
    parts = dict.fromkeys((bare, *_BETWEEN.split(bare), *(_LABEL.sub("", part) for part in _BETWEEN.split(bare))))
    plain = [part.strip(" |•·,-–—") for part in parts if re.search(r"\d", part)]
    # In other languages the text before the first digit is a label (Veröffentlicht am 13. Mai 2026).
    # A weekday is not a label, since it is checked against the date.
    return list(dict.fromkeys([*plain, *(_without_label(part) for part in plain)]))


def _begins_with_update(line: str) -> bool:
    """Whether a line begins with a word for an update, in Persian after a separate prefix."""
    return _UPDATE_WORD.match(line.lstrip(" |•·-–—(به\u200c")) is not None


def _without_label(part: str) -> str:
    """Return the part from its first digit on, with a month before it; unchanged if its label has a weekday."""
    figures = re.sub(r"^\D+", "", part)
    label = part[: len(part) - len(figures)].split()
    if any(weekday_of(word) is not None for each in label for word in re.findall(r"[^\W\d_]+", fold(each))):
        return part
    month = label[-1] if label and _MONTH.fullmatch(with_numbers(fold(label[-1]))) else ""
    return f"{month} {figures}".strip()
