"""One question to Yahoo by way of yfinance, with what it swallows made visible.

yfinance answers a refusal (429), a broken server (5xx) and an unknown symbol alike: with an empty frame and a log line
that speculates about delisting. Here its exceptions are let out, the status of every answer is watched, and only
Yahoo's own word that it has no such symbol counts as "no data". What a server fault left in yfinance's response cache
is cleared before the next attempt.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from correlator.errors import InputError, NotFoundError, SourceError
from correlator.market.sources.bar_source import Patience

if TYPE_CHECKING:
    import pandas as pd

# Answers that stay the same however often one asks.
_FOR_GOOD = (400, 422)
_LONGEST_REASON = 200
_META = ("exchangeName", "currency", "longName", "shortName", "instrumentType")


class _Trouble(Exception):
    """An answer worth asking for again."""


@dataclass(frozen=True)
class Asked:
    """Which bars of a symbol are asked of yfinance, and whether it is to repair them."""

    start: date
    end: date | None
    interval: str
    repair: bool = False


def history_of(name: str, asked: Asked, session: Any, patience: Patience) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The history that is asked for, and what Yahoo says of the symbol.

    ``session``: as of ``yahoo.download_symbol``. Raises NotFoundError, InputError or SourceError as that does.
    """
    from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

    asking = Retrying(
        retry=retry_if_exception_type(_Trouble),
        stop=stop_after_attempt(patience.attempts),
        wait=wait_random_exponential(multiplier=patience.first_wait, max=patience.longest_wait),
        sleep=patience.sleep,
    )
    try:
        return asking(_ask, name, asked, session)
    except RetryError as error:
        trouble = error.last_attempt.exception()
        raise SourceError(
            f"Yahoo gave no bars of {name} in {patience.attempts} attempts: {trouble}",
            hint="nothing was stored for it; wait some minutes and run the same command again",
        ) from trouble


def _ask(name: str, asked: Asked, session: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One request through yfinance. Raises _Trouble for what may pass, NotFoundError for what will not."""
    import yfinance
    from curl_cffi.requests.exceptions import RequestException
    from yfinance.data import YfData
    from yfinance.exceptions import YFException, YFRateLimitError

    YfData.cache_get.cache_clear()
    sender = session if session is not None else _new_session()
    with _exceptions_shown(), _watched(sender) as answers:
        ticker = yfinance.Ticker(name, session=sender)
        try:
            history = ticker.history(
                start=asked.start,
                end=asked.end,
                interval=asked.interval,
                auto_adjust=False,
                actions=True,
                keepna=True,
                repair=asked.repair,
                timeout=30,
            )
            return history, {key: ticker.history_metadata.get(key) for key in _META}
        except YFRateLimitError:
            raise _Trouble("too many requests (429)") from None
        except (YFException, RequestException, OSError, ValueError, LookupError, TypeError, AttributeError) as problem:
            raise _verdict(problem, answers[-1] if answers else None, name, asked) from problem


def _verdict(problem: Exception, answer: Answer | None, name: str, asked: Asked) -> Exception:
    """What yfinance's exception means, by Yahoo's last answer to a chart request."""
    from yfinance.exceptions import YFTickerMissingError

    if answer is None:
        return _Trouble(f"no answer ({type(problem).__name__})")
    reason = f": {answer.reason}" if answer.reason else ""
    if answer.status == 404:
        return NotFoundError(f"Yahoo has no symbol {name}{reason}", hint="check its name at finance.yahoo.com")
    if answer.status in _FOR_GOOD:
        return InputError(
            f"Yahoo refuses {asked.interval} bars of {name} from {asked.start} ({answer.status}){reason}",
            hint="ask for another range or interval; asking again does not help",
        )
    if answer.status != 200:
        return _Trouble(_status(answer.status))
    if isinstance(problem, YFTickerMissingError):
        return NotFoundError(
            f"Yahoo has no {asked.interval} bars of {name} from {asked.start}", hint="try an earlier start"
        )
    return _Trouble(f"an answer that is not a price chart ({type(problem).__name__})")


def _new_session() -> Any:
    from yfinance._http import new_session

    return new_session()


def _status(status: int) -> str:
    return "too many requests (429)" if status == 429 else f"HTTP status {status}"


@contextmanager
def _exceptions_shown() -> Iterator[None]:
    """Let yfinance raise what it would otherwise log and turn into an empty frame, and say nothing of its own."""
    from yfinance.config import YfConfig

    logger = logging.getLogger("yfinance")
    before, disabled = YfConfig.debug.hide_exceptions, logger.disabled
    YfConfig.debug.hide_exceptions, logger.disabled = False, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        YfConfig.debug.hide_exceptions, logger.disabled = before, disabled


@dataclass(frozen=True)
class Answer:
    """Status of an answer to a chart request, and Yahoo's own reason where it gives one."""

    status: int
    reason: str


def _reason_of(response: Any) -> str:
    """The description in Yahoo's error, on one line; empty if the answer is no such text."""
    try:
        error = response.json()["chart"]["error"]
        return " ".join(str(error["description"]).split())[:_LONGEST_REASON] if error else ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


@contextmanager
def _watched(session: Any) -> Iterator[list[Answer]]:
    """The answers to chart requests that are sent with ``session`` meanwhile."""
    answers: list[Answer] = []
    send = session.request

    def request(method: str, url: str, *rest: Any, **options: Any) -> Any:
        response = send(method, url, *rest, **options)
        if "/finance/chart/" in str(url):
            reason = "" if response.status_code == 200 else _reason_of(response)
            answers.append(Answer(response.status_code, reason))
        return response

    session.request = request
    try:
        yield answers
    finally:
        session.request = send
