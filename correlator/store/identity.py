"""The identity of a row as SQL expressions, shared by writers, migrations and checks.

Identity is content: where a row came from (file, row, archive) does not matter.
"""

from __future__ import annotations

_CONTENT = (
    "epoch_us(known_at)",
    "known_precision",
    "category",
    "quad_class",
    "cameo_root",
    "goldstein",
    "tone",
    "confidence",
    "source_country",
    "source_role",
    "target_country",
    "target_role",
    "symbol",
)
_DIGEST = "md5(concat_ws(chr(31), " + ", ".join(f"coalesce({name}::VARCHAR, '')" for name in _CONTENT) + "))"

GDELT_ID_OF_EVIDENCE = """regexp_extract(evidence, '"GLOBALEVENTID":"?([^",}]+)', 1)"""
"""The GLOBALEVENTID in the evidence of a GDELT row; empty if it has none."""

EVENT_KEY = f"""
    CASE WHEN coder = 'gdelt' AND gdelt_id <> '' THEN 'gdelt:' || gdelt_id
    ELSE coder || ':' || user_id || ':' || {_DIGEST} END
"""
"""Key of an event coded elsewhere, from the columns of ``tables.EVENTS``, ``user_id`` and ``gdelt_id``."""

USER_ID_OF_KEY = "substr(event_key, length('user:') + 1, greatest(length(event_key) - length('user::') - 32, 0))"
"""The id that a user gave an event, extracted from its key: the part before the 32-digit digest; may be empty."""
