"""One thread for products of matrices: more of them change the last bit of a sum."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["one_blas_thread"]


@cache
def _blas() -> ThreadpoolController:
    # SciPy has a BLAS of its own, which must be loaded to be found.
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it, or in a function that it decorates, BLAS has one thread.

    What is computed there has the same bits whatever the number of threads outside. Threads of
    one's own, each with its products, do not wait for one another either.
    """
    with _blas().limit(limits=1, user_api="blas"):
        yield
