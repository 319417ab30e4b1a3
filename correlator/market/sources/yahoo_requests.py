"""Request bars from Yahoo through yfinance, and expose the errors that yfinance hides.

yfinance treats a refusal (429), a server error (5xx) and an unknown symbol alike: it returns an empty frame and logs a
line that speculates about delisting. This module lets its exceptions through, records the status of every response, and
takes only Yahoo's own statement that it has no such symbol as "no data". Before each attempt it clears yfinance's
response cache of what a server error left there.
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

# Statuses for which a retry gives the same answer.
_FOR_GOOD = (400, 422)
_LONGEST_REASON = 200
_META = ("exchangeName", "currency", "longName", "shortName", "instrumentType")


class _Trouble(Exception):
    """A failure that may pass: the request is retried."""


@dataclass(frozen=True)
class BarsRequest:
    """The bars of a symbol to request from yfinance, and whether it is to repair them."""

    start: date
    end: date | None
    interval: str
    repair: bool = False


def history_of(
    name: str, request: BarsRequest, session: Any, patience: Patience
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the requested history, and Yahoo's metadata of the symbol.

    ``session``: as in ``yahoo.download_symbol``. Raise NotFoundError, InputError or SourceError as it does.
    """
    from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

    asking = Retrying(
        retry=retry_if_exception_type(_Trouble),
        stop=stop_after_attempt(patience.attempts),
        wait=wait_random_exponential(multiplier=patience.first_wait, max=patience.longest_wait),
        sleep=patience.sleep,
    )
    try:
        return asking(_ask, name, request, session)
    except RetryError as error:
        trouble = error.last_attempt.exception()
        raise SourceError(
            f"Yahoo returned no bars of {name} in {patience.attempts} attempts: {trouble}",
            hint="nothing was stored for it; wait some minutes and run the same command again",
        ) from trouble


def _ask(name: str, request: BarsRequest, session: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Send one request through yfinance; raise _Trouble for failures that may pass, else a final error."""
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
                start=request.start,
                end=request.end,
                interval=request.interval,
                auto_adjust=False,
                actions=True,
                keepna=True,
                repair=request.repair,
                timeout=30,
            )
            return history, {key: ticker.history_metadata.get(key) for key in _META}
        except YFRateLimitError:
            raise _Trouble("too many requests (429)") from None
        except (YFException, RequestException, OSError, ValueError, LookupError, TypeError, AttributeError) as problem:
            raise _verdict(problem, answers[-1] if answers else None, name, request) from problem


def _verdict(problem: Exception, answer: Answer | None, name: str, request: BarsRequest) -> Exception:
    """Return the error to raise for yfinance's exception, by Yahoo's last response to a chart request."""
    from yfinance.exceptions import YFTickerMissingError

    if answer is None:
        return _Trouble(f"no response ({type(problem).__name__})")
    reason = f": {answer.reason}" if answer.reason else ""
    if answer.status == 404:
        return NotFoundError(f"Yahoo has no symbol {name}{reason}", hint="look up the symbol at finance.yahoo.com")
    if answer.status in _FOR_GOOD:
        return InputError(
            f"Yahoo refuses {request.interval} bars of {name} from {request.start} ({answer.status}){reason}",
            hint="request another range or interval; a retry does not help",
        )
    if answer.status != 200:
        return _Trouble(_status(answer.status))
    if isinstance(problem, YFTickerMissingError):
        return NotFoundError(
            f"Yahoo has no {request.interval} bars of {name} from {request.start}", hint="try an earlier start"
        )
    return _Trouble(f"the response is not a price chart ({type(problem).__name__})")


def _new_session() -> Any:
    from yfinance._http import new_session

    return new_session()


def _status(status: int) -> str:
    return "too many requests (429)" if status == 429 else f"HTTP status {status}"


@contextmanager
def _exceptions_shown() -> Iterator[None]:
    """Let yfinance raise exceptions instead of returning an empty frame, and silence its log and warnings."""
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
    """Status of a response to a chart request, and Yahoo's reason if it gives one."""

    status: int
    reason: str


def _reason_of(response: Any) -> str:
    """Return the description in Yahoo's error on one line; empty if the response has none."""
    try:
        error = response.json()["chart"]["error"]
        return " ".join(str(error["description"]).split())[:_LONGEST_REASON] if error else ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


@contextmanager
def _watched(session: Any) -> Iterator[list[Answer]]:
    """Record the responses to chart requests that are sent with ``session`` in the meantime."""
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
