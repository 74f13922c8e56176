"""Child processes with a Django of their own, each running one function."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")
_SPAWN = multiprocessing.get_context("spawn")


def _start(environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    if environment:
        import django

        django.setup()


@contextmanager
def children(count: int, environment: Mapping[str, str]) -> Iterator[ProcessPoolExecutor]:
    """``count`` fresh processes; Django is set up in them when there is an ``environment``."""
    with ProcessPoolExecutor(count, _SPAWN, _start, (dict(environment),)) as pool:
        yield pool


def in_child(environment: Mapping[str, str], function: Callable[..., Result], *args: Any) -> Result:
    """What ``function`` returns in a fresh process; it may import models inside."""
    with children(1, environment) as pool:
        return pool.submit(function, *args).result()


def everywhere(
    pool: ProcessPoolExecutor, count: int, function: Callable[..., Result], *args: Any
) -> list[Result]:
    """The function's results in ``count`` processes at once; it is given a number first."""
    futures: list[Future[Result]] = [pool.submit(function, n, *args) for n in range(count)]
    return [future.result() for future in futures]


def freeze() -> None:
    """As workers should once they have loaded: a full collection may stop one for 0.1 s."""
    gc.collect()
    gc.freeze()


def peak_megabytes() -> float:
    """The most memory that this process has had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
