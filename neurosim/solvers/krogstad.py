r"""Krogstad's step: the leak and the springs exactly, the couplings by Runge-Kutta of order four.

For :math:`\dot z = N(z) - \gamma z + f + b\,\dot W` with a diagonal :math:`\gamma \ge 0`. The
springs make an explicit method take steps of a few 1/gamma however calm the circuit is; here the
step is set by the couplings alone. With :math:`\varphi_k` of :math:`-\gamma h` and
:math:`\psi_k = \varphi_k(-\gamma h / 2)`,

.. math::
    a_2 &= \psi_0 z + \tfrac h2 \psi_1 (N_1 + f) + m \\
    a_3 &= a_2 + h \psi_2 (N_2 - N_1) \\
    a_4 &= \varphi_0 z + h \varphi_1 (N_1 + f) + \xi + 2 h \varphi_2 (N_3 - N_1) \\
    z_+ &= a_4 + h \varphi_2 (N_2 - N_3) + w\,(N_1 - N_2 - N_3 + N_4), \qquad
    w = h (4 \varphi_3 - \varphi_2).

The error of a step is :math:`w (N_4 - N_5)`, N_5 = N(z_+), which the next step begins with.
(S. Krogstad, J. Comput. Phys. 203, 72 (2005), eq. 51; `noise` says what m, xi and f are.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.arrays import namespace_of
from neurosim.solvers.field import Field, remembered
from neurosim.solvers.phi import phi_functions

__all__ = ["EVALUATIONS", "Judge", "Kick", "Stepper", "stepping", "worst_row_norm"]

Array = NDArray[np.float64]
# Of a step; one more is made before the first.
EVALUATIONS = 4


class Kick(NamedTuple):
    """What noise does in one step, arrays of shape (n, rows) in the units of z.

    `middle` is added half-way and `end` at the end of the step; `force`, if there is any, stands
    beside N for all of it.
    """

    middle: Any
    end: Any
    force: Any = None


class Judge(NamedTuple):
    """Tolerances of a step's error; see `worst_row_norm`."""

    start: Any | None
    rtol: float
    atol: float


def worst_row_norm(
    error: Any, u: Any, start: Any | None, rtol: float, atol: float, work: Any
) -> tuple[Any, Any]:
    """Largest root-mean-square of a row's error over its tolerance; all arrays (n, rows).

    The tolerance is atol + rtol |u| for each node or, with a `start`, atol + rtol times how far
    (root-mean-square) the row has moved from there; how far the farthest has is the second result.
    `work` is overwritten.
    """
    xp = namespace_of(error)
    if start is None:
        xp.abs(u, out=work)
        work *= rtol
        work += atol
        xp.divide(error, work, out=work)
        worst = xp.einsum("ij,ij->j", work, work).max()
        return xp.sqrt(worst / len(error)), xp.sqrt(worst * 0)
    xp.subtract(u, start, out=work)
    moved = xp.sqrt(xp.einsum("ij,ij->j", work, work) / len(work))
    size = xp.einsum("ij,ij->j", error, error)
    worst = (size / (atol + rtol * moved) ** 2).max()
    return xp.sqrt(worst / len(error)), moved.max()


class Stepper:
    """Steps of one block of rows, in place.

    Parameters
    ----------
    field : Field
    z : array, shape (n, rows)
        Where it begins; both become the stepper's own.

    Attributes
    ----------
    field : Field
    z, n : array, shape (n, rows)
        The state, and N of it.
    evaluations : int
        Of N so far.
    norm, moved : float
        After an attempt that was judged: its error over the tolerances, at most 1 where it is
        within them, and how far (root-mean-square) the farthest row has moved from `start`.
    """

    def __init__(self, field: Field, z: Any) -> None:
        self.field, self._xp = field, namespace_of(z)
        make = field.arrays.empty
        shape, dtype = tuple(z.shape), field.dtype
        self._states, self._ns = [z, make(shape, dtype)], [make(shape, dtype) for _ in range(2)]
        self._pairs = self._states, self._ns
        self._n2, self._n3, self._n4, self._a, self._work = (make(shape, dtype) for _ in range(5))
        self._columns = make((7, shape[0], 1), dtype)
        self._facts = make((2,), dtype)
        self._replays: dict[Any, Callable[[], None]] = {}
        self._copies: dict[str, Any] = {}
        self._begin(field)

    def _begin(self, field: Field) -> None:
        self._decay = field.arrays.put(field.decay[:, None], field.dtype)
        self._known = field.known
        self._distinct: tuple[Array, NDArray[np.intp]] | None = None
        self._address = field.decay.tobytes(), field.dtype, field.arrays
        self._now, self.evaluations, self.norm, self.moved = 0, 1, np.nan, 0.0
        self.field.nonlinear(self.z, self.n, True)

    def again(self, field: Field, z: Any) -> None:
        """Begin anew with a field that is like this one but for its values, in the same memory."""
        self.field.load(field)
        self._states[0][...] = z
        self._begin(field)

    @property
    def z(self) -> Any:
        """The state."""
        return self._states[self._now]

    @property
    def n(self) -> Any:
        """N of the state."""
        return self._ns[self._now]

    def keep(self, array: Any) -> Any:
        """`array`, or where kernels are replayed a copy in a place of its own."""
        return array if self.field.arrays.pool is None else self._kept("start", array)

    def _kept(self, name: str, array: Any) -> Any:
        if name not in self._copies:
            self._copies[name] = self.field.arrays.empty(tuple(self.z.shape), self.field.dtype)
        self._copies[name][...] = array
        return self._copies[name]

    def rate(self) -> Any:
        """dz/ds; lost at the next step."""
        xp, out = self._xp, self._work
        xp.multiply(self.z, self._decay, out=out)
        xp.subtract(self.n, out, out=out)
        return out

    def fastest_V(self) -> Array:
        """Largest du/ds of each row in volts per unit of time, shape (rows,); lost as `rate` is."""
        rate, arrays = self.rate(), self.field.arrays
        rate *= arrays.put(1 / self.field.per_V[:, None], self.field.dtype)
        return arrays.get(self._xp.amax(self._xp.abs(rate), 0))

    def _set_columns(self, h: float) -> None:
        """Of psi_0, h/2 psi_1, h psi_2, phi_0, h phi_1, h phi_2 and w, shape (7, n, 1)."""

        def make() -> Any:
            if self._distinct is None:
                # Most circuits have few different decays.
                self._distinct = np.unique(self.field.decay, return_inverse=True)
            return self.field.arrays.put(_columns(*self._distinct, h), self.field.dtype)

        self._columns[...] = remembered(self._known, ("step", h, *self._address), make)

    def attempt(self, h: float, kick: Kick | None = None, judge: Judge | None = None) -> None:
        """Try a step of length `h`; the state stays until `accept`."""
        self._set_columns(h)
        if self.field.arrays.pool is None:
            self._attempt(self._now, kick, judge)
        else:
            self._replay(kick, judge)
        self.evaluations += EVALUATIONS
        if judge is not None:
            self.norm, self.moved = self.field.arrays.get(self._facts).tolist()

    def _replay(self, kick: Kick | None, judge: Judge | None) -> None:
        """An attempt of which every array stays where it was."""
        if kick is not None:
            forced = kick.force is not None
            parts = zip(kick._fields[: 2 + forced], kick, strict=False)
            kick = Kick(*(self._kept(name, array) for name, array in parts))
        key = self._now, kick and kick.force is not None, judge and judge[1:]
        if key not in self._replays:
            work = partial(self._attempt, self._now, kick, judge)
            self._replays[key] = self.field.arrays.replayed(work)
        self._replays[key]()

    def _attempt(self, now: int, kick: Kick | None, judge: Judge | None) -> None:
        xp, a, work, nonlinear = self._xp, self._a, self._work, self.field.nonlinear
        z, n1, new, n_new = (
            self._states[now],
            self._ns[now],
            self._states[1 - now],
            self._ns[1 - now],
        )
        half, q1, q2, full, p1, p2, w = self._columns
        n2, n3, n4 = self._n2, self._n3, self._n4
        middle, end, force = kick or (None, None, None)
        source = n1
        if force is not None:
            source = n4
            xp.add(n1, force, out=source)
        xp.multiply(z, half, out=a)
        xp.multiply(source, q1, out=work)
        a += work
        xp.multiply(z, full, out=new)
        xp.multiply(source, p1, out=work)
        new += work
        if kick is not None:
            a += middle
            new += end
        nonlinear(a, n2, True)
        n2 -= n1
        xp.multiply(n2, q2, out=work)
        a += work
        nonlinear(a, n3, False)
        n3 -= n1
        xp.multiply(n3, p2, out=work)
        new += work
        xp.add(new, work, out=a)
        nonlinear(a, n4, False)
        n3 += n2
        xp.subtract(n4, n3, out=n3)
        n3 -= n1
        n3 *= w
        new += n3
        n2 *= p2
        new += n2
        nonlinear(new, n_new, True)
        if judge is not None:
            n4 -= n_new
            n4 *= w
            self._facts[0], self._facts[1] = worst_row_norm(n4, new, *judge, work)

    def accept(self) -> None:
        """Take the attempted step."""
        self._now = 1 - self._now


def _columns(decays: Array, which: NDArray[np.intp], h: float) -> Array:
    """The seven of a step, shape (7, n, 1), of `decays[which]`; see `Stepper._set_columns`."""
    z = np.array([[-h], [-h / 2]]) * decays
    (e, half), (p1, q1), (p2, q2), (p3, _) = phi_functions(z, 3)
    every = [half, q1 * (h / 2), q2 * h, e, p1 * h, p2 * h, (4 * p3 - p2) * h]
    return np.array(every).take(which, axis=1)[..., None]


# Steppers that wait for a field like theirs, on a device that replays their kernels.
_MOST_WAITING = 8


@contextmanager
def stepping(field: Field, u_V: Array) -> Iterator[Stepper]:
    """A stepper from voltages of shape (n, rows), in memory that an earlier one may have left."""
    pool, key, z = field.arrays.pool, field.likeness, field.enter(u_V)
    if pool is None or key is None:
        yield Stepper(field, z)
        return
    stepper = pool.pop(key, None)
    if stepper is None:
        field.detach()
        stepper = Stepper(field, z)
    else:
        stepper.again(field, z)
    try:
        yield stepper
    finally:
        while len(pool) >= _MOST_WAITING:
            pool.pop(next(iter(pool)))
        pool[key] = stepper
