"""A loopback server that answers in Yahoo's chart format, and a session that sends yfinance's requests to it."""

from __future__ import annotations

import json
import threading
from collections import deque
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from curl_cffi.requests import Session

CRUMB = "cr.umb/1"
NOT_FOUND = {
    "chart": {"result": None, "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"}}
}


class LoopbackSession(Session):
    """A curl_cffi session whose every request goes to the server on this machine, cookies included."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def request(self, method: str, url: str, *rest: Any, **options: Any) -> Any:
        parts = urlsplit(url)
        headers = {**(options.pop("headers", None) or {}), "X-Host": parts.netloc}
        query = f"?{parts.query}" if parts.query else ""
        return super().request(method, f"{self.address}{parts.path}{query}", *rest, headers=headers, **options)


class YahooServer:
    """The responses of Yahoo: charts by symbol, and errors to send first."""

    def __init__(self) -> None:
        self.charts: dict[str, dict[str, Any]] = {}
        self.troubles: dict[str, deque[tuple[int, str]]] = {}
        self.seen: list[tuple[str, dict[str, list[str]], str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, headers = outer.answer(self.path, self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def trouble(self, symbol: str, *answers: tuple[int, str]) -> None:
        """Send these responses to requests for ``symbol`` first."""
        self.troubles[symbol] = deque(answers)

    def answer(self, path: str, headers: Any) -> tuple[int, bytes, dict[str, str]]:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        self.seen.append((parts.path, query, headers.get("Cookie")))
        if headers.get("X-Host") == "fc.yahoo.com":
            return 404, b"", {"Set-Cookie": "A3=cookie; Path=/; Max-Age=9000"}
        if parts.path.endswith("/getcrumb"):
            return 200, CRUMB.encode(), {}
        if "/finance/chart/" not in parts.path:
            return 404, b"{}", {}
        symbol = parts.path.rsplit("/", 1)[1].replace("%5E", "^")
        waiting = self.troubles.get(symbol)
        if waiting:
            status, text = waiting.popleft()
            return status, text.encode(), {"Content-Type": "text/html" if text.startswith("<") else "application/json"}
        chart = self.charts.get(symbol)
        if chart is None:
            return 404, json.dumps(NOT_FOUND).encode(), {"Content-Type": "application/json"}
        return 200, json.dumps(_in_range(chart, query)).encode(), {"Content-Type": "application/json"}


def chart(
    symbol: str,
    rows: dict[date, tuple[float | None, ...]],
    *,
    zone: str = "Asia/Karachi",
    exchange: str = "KAR",
    currency: str = "PKR",
    dividends: dict[date, float] | None = None,
    splits: dict[date, tuple[int, int]] | None = None,
) -> dict[str, Any]:
    """A chart of daily bars: (open, high, low, close, adjusted close, volume) by day, stamped at the opening."""
    stamps = {
        day: int(datetime(day.year, day.month, day.day, 9, 32, tzinfo=ZoneInfo(zone)).timestamp()) for day in rows
    }
    names = ("open", "high", "low", "close", "adjclose", "volume")
    columns = {name: [row[k] for row in rows.values()] for k, name in enumerate(names)}
    events: dict[str, Any] = {}
    if dividends:
        events["dividends"] = {str(stamps[d]): {"amount": v, "date": stamps[d]} for d, v in dividends.items()}
    if splits:
        events["splits"] = {
            str(stamps[d]): {"date": stamps[d], "numerator": a, "denominator": b, "splitRatio": f"{a}:{b}"}
            for d, (a, b) in splits.items()
        }
    last = list(stamps.values())[-1] if stamps else 0
    period = {"timezone": "PKT", "start": last, "end": last + 21480, "gmtoffset": 18000}
    meta = {
        "currency": currency,
        "symbol": symbol,
        "exchangeName": exchange,
        "fullExchangeName": exchange,
        "instrumentType": "EQUITY",
        "firstTradeDate": 0,
        "regularMarketTime": last,
        "gmtoffset": 18000,
        "timezone": "PKT",
        "exchangeTimezoneName": zone,
        "regularMarketPrice": 1.0,
        "priceHint": 2,
        "longName": f"{symbol} Limited",
        "currentTradingPeriod": {"pre": period, "regular": period, "post": period},
        "dataGranularity": "1d",
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "max"],
    }
    adjusted = columns.pop("adjclose")
    result = {
        "meta": meta,
        "timestamp": list(stamps.values()),
        "events": events,
        "indicators": {"quote": [columns], "adjclose": [{"adjclose": adjusted}]},
    }
    return {"chart": {"result": [result], "error": None}}


def intraday_chart(symbol: str, interval: str, starts: list[datetime], **options: Any) -> dict[str, Any]:
    """A chart of bars that begin at ``starts`` (instants), with trading periods and without adjusted closes."""
    rows = {start.date(): (1.0,) * 6 for start in starts}
    made = chart(symbol, rows, **options)
    (result,) = made["chart"]["result"]
    figures = [10.0 + k / 10 for k in range(len(starts))]
    quote = dict.fromkeys(("open", "high", "low", "close"), figures)
    zone = ZoneInfo(result["meta"]["exchangeTimezoneName"])
    sessions: dict[date, list[int]] = {}
    for start in starts:
        sessions.setdefault(start.astimezone(zone).date(), []).append(int(start.timestamp()))
    result["meta"]["tradingPeriods"] = [
        [{"timezone": "LOC", "start": min(times), "end": max(times) + 3600, "gmtoffset": 0}]
        for times in sessions.values()
    ]
    result["timestamp"] = [int(start.timestamp()) for start in starts]
    result["indicators"] = {"quote": [{**quote, "volume": [100 + k for k in range(len(starts))]}]}
    result["meta"]["dataGranularity"] = interval
    return made


def _in_range(chart: dict[str, Any], query: dict[str, list[str]]) -> dict[str, Any]:
    """Return the part of the chart between period1 and period2."""
    if "period1" not in query:
        return chart
    first, last = int(query["period1"][0]), int(query["period2"][0])
    (result,) = chart["chart"]["result"]
    if "timestamp" not in result:
        return chart
    keep = [k for k, stamp in enumerate(result["timestamp"]) if first <= stamp < last]
    cut = json.loads(json.dumps(result))
    cut["timestamp"] = [result["timestamp"][k] for k in keep]
    parts = [part for name in ("quote", "adjclose") for part in cut["indicators"].get(name, [])]
    for part in parts:
        for column in part:
            part[column] = [part[column][k] for k in keep]
    return {"chart": {"result": [cut], "error": None}}


def weekdays(first: date, count: int) -> list[date]:
    """The first ``count`` weekdays from ``first`` on."""
    days = (first + timedelta(days=k) for k in range(3 * count + 10))
    return [day for day in days if day.weekday() < 5][:count]


def utc_now() -> datetime:
    return datetime.now(UTC)
