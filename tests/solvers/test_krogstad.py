"""What a step costs: evaluations, products, passes over arrays and draws, counted."""

from collections import Counter
from typing import ClassVar

import numpy as np
import pytest

from conftest import CAPACITANCE_F, LEAK_S
from neurosim.arrays import NumpyArrays
from neurosim.circuit import DrivenCircuit
from neurosim.solvers.brownian import BrownianPath
from neurosim.solvers.krogstad import EVALUATIONS, Judge, Stepper

TAU_S, SIZES, ROWS = CAPACITANCE_F / LEAK_S, (8, 14, 12), 16
N = sum(SIZES)


class Watched(np.ndarray):
    """An array whose operations are counted, in passes over all nodes of all rows."""

    seen: ClassVar = Counter()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **named):
        def plain(arrays):
            return tuple(a.view(np.ndarray) if isinstance(a, Watched) else a for a in arrays)

        result = getattr(ufunc, method)(
            *plain(inputs), **named, **({} if out is None else {"out": plain(out)})
        )
        self.seen[ufunc.__name__] += np.size(result) / (N * ROWS)
        return result if out is None else out[0]


class Arrays(NumpyArrays):
    """NumPy's, watched; they draw zeros."""

    def __init__(self):
        self.drawn = 0

    def empty(self, shape, dtype):
        return np.zeros(shape, dtype).view(Watched)

    def put(self, values, dtype):
        return np.array(values, dtype, order="C").view(Watched)

    def fill(self, out):
        self.drawn += out.size

    def normals(self, rng):
        return self


def counted(make_circuit, make_springs, law, work, **errors):
    """What `work` does with a stepper of a circuit; passes without products, and products."""
    circuit, arrays = make_circuit(law, sizes=SIZES, **errors), Arrays()
    system = DrivenCircuit(circuit, make_springs(circuit, rows=ROWS), TAU_S, 300.0)
    field = system.rate(np.arange(ROWS)).field(arrays)
    stepper = Stepper(field, field.enter(np.zeros((N, ROWS))))
    Watched.seen.clear()
    before = stepper.evaluations
    work(stepper, arrays, system)
    seen = Counter(Watched.seen)
    products = seen.pop("matmul")
    return sum(seen.values()), products, stepper.evaluations - before, arrays.drawn


def free_step(stepper, arrays, system):
    stepper.attempt(0.5)


def judged_step(stepper, arrays, system):
    stepper.attempt(0.5, judge=Judge(stepper.z.copy(), 1e-3, 1e-5))


def noisy_step(stepper, arrays, system):
    b = system.noise_V * stepper.field.per_V
    stepper.attempt(0.5, BrownianPath(arrays, b, stepper.field, ROWS).kick(0.5))


# 20 of the step itself, 4 of the constant drive, at most 4 of tanh; 3 of its error, 6 of noise.
@pytest.mark.parametrize(
    ("work", "most", "draws"), [(free_step, 28, 0), (judged_step, 31, 0), (noisy_step, 34, 2)]
)
def test_a_step_takes_four_evaluations_and_few_passes_whatever_the_mismatch(
    make_circuit, make_springs, work, most, draws
):
    for mismatch in (0.0, 0.1):
        passes, products, evaluations, drawn = counted(
            make_circuit, make_springs, "hopfield", work, mismatch=mismatch
        )
        assert evaluations == EVALUATIONS == products
        assert passes <= most
        assert drawn == draws * N * ROWS


def test_slopes_take_three_passes_an_evaluation(make_circuit, make_springs):
    plain, products, _, _ = counted(make_circuit, make_springs, "hopfield", free_step)
    sloped, sloped_products, _, _ = counted(make_circuit, make_springs, "gradient", free_step)
    assert products == sloped_products == EVALUATIONS
    assert sloped - plain <= 3 * EVALUATIONS
