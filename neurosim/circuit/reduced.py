"""Small-signal equations in which every other layer has been eliminated."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reduced"]

Single = NDArray[np.float32]


class Reduced:
    r"""What is left of :math:`B y = b` once each node whose neighbours stay has been solved for.

    Layers act on their neighbours alone. Of the nodes g that are eliminated each has an equation
    with itself and with the nodes k that are kept; put into those of k,

    .. math:: S y_k = b_k + \sum_l s^l_k\,dG\,\frac{s^l_g b_g}{d_g}, \qquad
              S = \operatorname{diag}(d_k)
                  - \sum_{lm} s^l_k\,dG\,\frac{s^l_g s^m_g}{d_g}\,dG^T s^m_k.

    S is positive definite where B is and every :math:`d_g > 0`, and conjugate gradients need half
    as many products with S as with B (Reid, SIAM J. Numer. Anal. 9, 1972). They have its diagonal
    without couplings, D, as a preconditioner: what is solved is :math:`D^{-1/2} S D^{-1/2}\,x` for
    :math:`x = D^{1/2} y_k`. Arrays: (nodes, rows).

    Parameters
    ----------
    to_kept, to_gone : ndarray
        dG, from the nodes that are eliminated to those that are kept and back.
    ends_kept, ends_gone : sequence of ndarray
        s of each output.
    d_kept, d_gone : ndarray
        Diagonal of B.
    scale : ndarray, shape (n_kept, 1)
        D.

    Attributes
    ----------
    positive : ndarray of bool, shape (rows,)
        Rows of which all d_g are positive: B of the others is not positive definite.
    """

    def __init__(
        self,
        to_kept: Single,
        to_gone: Single,
        ends_kept: Sequence[Single],
        ends_gone: Sequence[Single],
        d_kept: Single,
        d_gone: Single,
        scale: Single,
    ) -> None:
        self._root: Single = np.sqrt(scale)
        self._to_kept, self._to_gone, self._d = to_kept, to_gone, d_kept / scale
        self._kept, self._gone = [end / self._root for end in ends_kept], list(ends_gone)
        self.positive: NDArray[np.bool_] = np.asarray((d_gone > 0).all(axis=0))
        self._resistance: Single = np.reciprocal(
            d_gone, where=d_gone != 0, out=np.ones_like(d_gone)
        )
        over = [end * self._resistance for end in ends_gone]
        self._between = [[end * one for one in over] for end in ends_gone]
        self._make_room()

    def _make_room(self) -> None:
        shape = self._between[0][0].shape
        self._work = np.empty(self._kept[0].shape, np.float32)
        self._met = np.empty((len(self._kept), *shape), np.float32)
        self._sent = np.empty(shape, np.float32)

    def rows(self, rows: NDArray[np.intp]) -> Reduced:
        """The products, not the ends, of some rows of the block."""

        def some(values: Single) -> Single:
            return np.take(values, rows, axis=1)

        part = copy(self)
        part._kept = [some(end) for end in self._kept]
        part._between = [[some(one) for one in line] for line in self._between]
        if self._d.shape[1] > 1:
            part._d = some(self._d)
        part._make_room()
        return part

    # OpenBLAS for AVX-512 multiplies five columns by one in `float32` with what lies beside them on
    # the stack too, and drops it afterwards: the flag can stand where every value is finite.
    @np.errstate(invalid="ignore")
    def product(self, x: Single) -> Single:
        """The left side for x."""
        for k, end in enumerate(self._kept):
            np.multiply(end, x, out=self._work)
            np.matmul(self._to_gone, self._work, out=self._met[k])
        out = self._d * x
        for line, end in zip(self._between, self._kept, strict=True):
            sent = np.multiply(line[0], self._met[0], out=self._sent)
            for one, met in zip(line[1:], self._met[1:], strict=True):
                sent += one * met
            np.matmul(self._to_kept, sent, out=self._work)
            self._work *= end
            out -= self._work
        return out

    @np.errstate(invalid="ignore")
    def right_side(self, b_kept: Single, b_gone: Single) -> Single:
        """The right side."""
        out, moved = b_kept / self._root, b_gone * self._resistance
        for kept, gone in zip(self._kept, self._gone, strict=True):
            out += kept * (self._to_kept @ (gone * moved))
        return out

    @np.errstate(invalid="ignore")
    def others(self, b_gone: Single, x: Single) -> Single:
        """The eliminated nodes' part of y."""
        out = b_gone.copy()
        for kept, gone in zip(self._kept, self._gone, strict=True):
            out += gone * (self._to_gone @ (kept * x))
        out *= self._resistance
        return out

    def kept(self, x: Single) -> Single:
        """That of the nodes that were kept."""
        y: Single = x / self._root
        return y
