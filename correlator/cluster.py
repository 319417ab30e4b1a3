"""Run functions of the package on many processes and machines with Dask, with results in a fixed order.

No user code is sent to a worker, and a worker that runs other versions than this process is refused: its numbers could
differ unnoticed. The work of a lost worker is repeated on another.
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
    # Dask's monitoring of itself takes 3 % of a core per process, even when idle.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "500ms",
}
_RELEASED = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:500,muzzy_decay_ms:0"}
"""Makes polars in a worker release memory that it no longer uses: half of the memory of a selection."""
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
        """Return the processor seconds that each worker has used so far, by its address."""
        used: dict[str, float] = self._client.run(time.process_time)
        return used

    def submit(self, function: Callable[..., T], *arguments: Any) -> Any:
        """Return the future of ``function(*arguments)``; passed as an argument, it makes others run where it is."""
        return self._client.submit(function, *arguments, retries=RETRIES, pure=False)

    def results(self, futures: Sequence[Any], what: str) -> Iterator[Any]:
        """Yield the results of futures in order, with progress. Raises ClusterError if workers are lost too often."""
        for future in tracked(futures, what):
            with _dask_errors_translated():
                yield future.result()

    def stream(self, function: Callable[[Any], T], items: Iterable[Any]) -> Iterator[T]:
        """Yield ``function`` of every item, in order; only as many are submitted at once as keep the workers busy."""
        pending: deque[Any] = deque()
        limit = _AHEAD * max(len(self.workers), 1)
        for item in items:
            pending.append(self.submit(function, item))
            if len(pending) >= limit:
                with _dask_errors_translated():
                    yield pending.popleft().result()
        while pending:
            with _dask_errors_translated():
                yield pending.popleft().result()


@contextmanager
def cluster_at(address: str) -> Iterator[Cluster]:
    """Connect to the cluster at ``address``: ``local`` for processes on this machine, or a scheduler's
    ``tcp://host:8786``.

    Raises ClusterError if it cannot be reached or a worker runs other versions, InputError for an invalid address,
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
        raise InputError(
            f"{address!r} is not the address of a cluster", hint="give local, or a scheduler such as tcp://host:8786"
        )
    with dask.config.set(_QUIET):
        try:
            scheduler = _local_cluster() if address == LOCAL else address
            client = Client(scheduler, timeout=_CONNECT_SECONDS, direct_to_workers=address == LOCAL)  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError) as problem:
            raise ClusterError(
                f"no scheduler answers at {address}", hint="check that it runs and can be reached from this machine"
            ) from problem
        try:
            check_versions(client.run(versions))
            yield Cluster(client)
        finally:
            local_cluster = client.cluster if address == LOCAL else None
            client.close()  # type: ignore[no-untyped-call]
            if local_cluster is not None:
                local_cluster.close()


@contextmanager
def cluster_if(address: str | None) -> Iterator[Cluster | None]:
    """Yield ``cluster_at`` an address, or None for None."""
    if address is None:
        yield None
        return
    with cluster_at(address) as cluster:
        yield cluster


def versions() -> dict[str, str]:
    """Return the versions of everything that numbers depend on."""
    packages = {"correlator": __version__, "python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "none"
    return packages


def check_versions(of_workers: Mapping[str, Mapping[str, str]]) -> None:
    """Raise ClusterError if there is no worker, or for the first worker and package that differ from this process."""
    if not of_workers:
        raise ClusterError("the cluster has no workers", hint="start some: dask worker tcp://host:8786")
    ours = versions()
    for worker, theirs in sorted(of_workers.items()):
        for name, our_version in ours.items():
            if theirs.get(name, "none") != our_version:
                raise ClusterError(
                    f"worker {worker} runs {name} {theirs.get(name, 'none')}, this process {our_version}",
                    hint="install the same versions on both sides",
                )


def _local_cluster() -> Any:
    from distributed import LocalCluster

    workers = thread_count()
    environment = {THREADS_VARIABLE: "1", **_RELEASED, **dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1")}
    memory = limits().memory
    if memory is not None:
        # Half of the memory is for the database, half for arrays.
        environment[MEMORY_VARIABLE] = str(max(memory // workers // 2, 64 * 10**6))
    return LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        # The functions limit their own memory. Dask's limit would spill results to disk.
        memory_limit=0,
        silence_logs="CRITICAL",
        env=environment,
        local_directory=os.path.join(os.environ.get("TMPDIR", "/tmp"), f"correlator-dask-{os.getpid()}"),
    )


@contextmanager
def _dask_errors_translated() -> Iterator[None]:
    """Raise errors of Dask as ClusterError; errors of this package pass unchanged."""
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    try:
        yield
    except CorrelatorError:
        raise
    except (KilledWorker, FutureCancelledError) as problem:
        raise ClusterError(
            f"workers were lost too often: {str(problem).splitlines()[0][:200]}",
            hint="give the workers more memory, or start more of them",
        ) from problem
    except (OSError, TimeoutError) as problem:
        raise ClusterError("the connection to the scheduler was lost", hint="run the command again") from problem
