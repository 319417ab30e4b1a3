"""Work on many processes and machines by Dask: our own functions on parts, results in a fixed order.

Nothing of a user is sent to a worker, and no worker is used that runs other versions than this process: numbers would
differ and nobody would know. Work that a lost worker had in hand is done again on another.
"""

from __future__ import annotations

import os
import platform
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from correlator.base.limits import MEMORY_VARIABLE, THREADS_VARIABLE, limits, thread_count
from correlator.base.progress import tracked
from correlator.errors import ClusterError, CorrelatorError, InputError, MissingDependencyError
from correlator.version import __version__

LOCAL = "local"
RETRIES = 3
_AHEAD = 3
_CONNECT_SECONDS = 30
_PACKAGES = ("numpy", "polars", "duckdb", "pyarrow", "scipy", "numba", "deltalake", "distributed")
_QUIET = {
    "distributed.worker.use-file-locking": False,
    "distributed.comm.timeouts.connect": f"{_CONNECT_SECONDS}s",
    # What Dask watches itself by costs a process 3 % of a core, also while it waits.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "500ms",
}
_RELEASED = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:500,muzzy_decay_ms:0"}
"""Makes polars in a worker give memory back that it no longer uses, which is half of what a selection takes."""
T = TypeVar("T")


class Cluster:
    """An open connection to a cluster. Made by ``cluster_at``."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def workers(self) -> list[str]:
        """Addresses of the workers."""
        return sorted(self._client.scheduler_info(n_workers=-1)["workers"])

    def cpu_seconds(self) -> dict[str, float]:
        """Processor seconds that each worker has used so far, by its address."""
        used: dict[str, float] = self._client.run(time.process_time)
        return used

    def submit(self, function: Callable[..., T], *arguments: Any) -> Any:
        """The future of ``function(*arguments)``, itself an argument for others, which then run where it is."""
        return self._client.submit(function, *arguments, retries=RETRIES, pure=False)

    def results(self, futures: Sequence[Any], what: str) -> Iterator[Any]:
        """Results of futures in their order, with progress. Raises ClusterError where workers are lost too often."""
        for future in tracked(futures, what):
            with _understood():
                yield future.result()

    def stream(self, function: Callable[[Any], T], items: Iterable[Any]) -> Iterator[T]:
        """``function`` of every item, in order; no more of them are on their way than keep the workers busy."""
        waiting: deque[Any] = deque()
        most = _AHEAD * max(len(self.workers), 1)
        for item in items:
            waiting.append(self.submit(function, item))
            if len(waiting) >= most:
                with _understood():
                    yield waiting.popleft().result()
        while waiting:
            with _understood():
                yield waiting.popleft().result()


@contextmanager
def cluster_at(address: str) -> Iterator[Cluster]:
    """The cluster at ``address``: ``local`` for processes of this machine, or a scheduler's ``tcp://host:8786``.

    Raises ClusterError where it cannot be reached or a worker runs other versions, InputError for another address,
    MissingDependencyError without ``distributed``.
    """
    try:
        import dask
        from distributed import Client
    except ImportError as problem:
        raise MissingDependencyError(
            "a cluster needs the package distributed", hint="pip install 'correlator[cluster]'"
        ) from problem
    if address != LOCAL and not address.startswith(("tcp://", "tls://", "ucx://")):
        raise InputError(f"{address!r} is not a cluster", hint="give local, or a scheduler such as tcp://host:8786")
    with dask.config.set(_QUIET):
        try:
            scheduler = _local_cluster() if address == LOCAL else address
            client = Client(scheduler, timeout=_CONNECT_SECONDS, direct_to_workers=address == LOCAL)  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError) as problem:
            raise ClusterError(
                f"no scheduler answers at {address}", hint="is it running, and may it be reached from here?"
            ) from problem
        try:
            check_versions(client.run(versions))
            yield Cluster(client)
        finally:
            own = client.cluster if address == LOCAL else None
            client.close()  # type: ignore[no-untyped-call]
            if own is not None:
                own.close()


@contextmanager
def cluster_if(address: str | None) -> Iterator[Cluster | None]:
    """``cluster_at`` an address, or None if there is none."""
    if address is None:
        yield None
        return
    with cluster_at(address) as cluster:
        yield cluster


def versions() -> dict[str, str]:
    """Versions of all that numbers depend on."""
    packages = {"correlator": __version__, "python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "none"
    return packages


def check_versions(of_workers: Mapping[str, Mapping[str, str]]) -> None:
    """Raise ClusterError naming the first worker, and what of it, that differs from this process; or for no worker."""
    if not of_workers:
        raise ClusterError("the cluster has no worker", hint="start some: dask worker tcp://host:8786")
    ours = versions()
    for worker, theirs in sorted(of_workers.items()):
        for name, own in ours.items():
            if theirs.get(name, "none") != own:
                raise ClusterError(
                    f"worker {worker} runs {name} {theirs.get(name, 'none')}, this process {own}",
                    hint="install the same versions on both sides",
                )


def _local_cluster() -> Any:
    from distributed import LocalCluster

    workers = thread_count()
    environment = {THREADS_VARIABLE: "1", **_RELEASED, **dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1")}
    memory = limits().memory
    if memory is not None:
        # Half for the database, half for arrays.
        environment[MEMORY_VARIABLE] = str(max(memory // workers // 2, 64 * 10**6))
    return LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        # Work bounds itself. Dask's limit would move results to disk and back, whose memory is what came last.
        memory_limit=0,
        silence_logs="CRITICAL",
        env=environment,
        local_directory=os.path.join(os.environ.get("TMPDIR", "/tmp"), f"correlator-dask-{os.getpid()}"),
    )


@contextmanager
def _understood() -> Iterator[None]:
    """What Dask raises, as errors of ours; those of ours pass."""
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    try:
        yield
    except CorrelatorError:
        raise
    except (KilledWorker, FutureCancelledError) as problem:
        raise ClusterError(
            f"workers were lost too often: {str(problem).splitlines()[0][:200]}",
            hint="give them more memory, or more of them less to do",
        ) from problem
    except (OSError, TimeoutError) as problem:
        raise ClusterError("the connection to the scheduler broke", hint="run the command again") from problem
