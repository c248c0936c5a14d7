"""Every other layer eliminated: the solution of the whole, and in half the products."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, cg

from neurosim.circuit.reduced import Reduced

N_KEPT, N_GONE, ROWS = 12, 17, 40


def networks(n_outputs, strength, seed=0):
    """Reduced equations of some rows, and the whole matrix B of each, (rows, n, n)."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((N_KEPT, N_GONE)) * strength / np.sqrt(N_GONE)
    ends = rng.uniform(0.2, 1.0, (n_outputs, N_KEPT + N_GONE, ROWS))
    d = rng.uniform(0.3, 1.5, (N_KEPT + N_GONE, ROWS))
    single = matrix.astype(np.float32)
    kept, gone = (part.astype(np.float32) for part in np.split(ends, [N_KEPT], axis=1))
    d_kept, d_gone = (part.astype(np.float32) for part in np.split(d, [N_KEPT]))
    scale = np.ones((N_KEPT, 1), np.float32)
    reduced = Reduced(
        single, np.ascontiguousarray(single.T), [*kept], [*gone], d_kept, d_gone, scale
    )
    coupling = np.einsum("kir,ij,kjr->rij", kept, matrix, gone)
    whole = np.zeros((ROWS, len(d), len(d)))
    whole[:, :N_KEPT, N_KEPT:] = -coupling
    whole[:, N_KEPT:, :N_KEPT] = -np.swapaxes(coupling, 1, 2)
    whole += np.eye(len(d)) * d.T[:, None, :]
    return reduced, whole


def schur(reduced):
    """S of each row, (rows, n_kept, n_kept), from products with unit vectors."""
    columns = []
    for k in range(N_KEPT):
        y = np.zeros((N_KEPT, ROWS), np.float32)
        y[k] = 1
        columns.append(reduced.product(y))
    return np.array(columns, float).transpose(2, 1, 0)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_both_parts_solve_the_whole(n_outputs):
    reduced, whole = networks(n_outputs, 0.3)
    b = np.random.default_rng(1).standard_normal((N_KEPT + N_GONE, ROWS)).astype(np.float32)
    right = reduced.right_side(b[:N_KEPT], b[N_KEPT:])
    y = np.linalg.solve(schur(reduced), right.T[..., None].astype(float))[..., 0].T
    found = np.concatenate([y, reduced.others(b[N_KEPT:], y.astype(np.float32))])
    exact = np.linalg.solve(whole, b.T[..., None].astype(float))[..., 0].T
    np.testing.assert_allclose(found, exact, atol=2e-5 * np.abs(exact).max())


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_it_is_positive_definite_where_the_whole_is(n_outputs):
    reduced, whole = networks(n_outputs, 1.0 / n_outputs)
    definite = np.linalg.eigvalsh(whole)[:, 0] > 0
    assert 0 < definite.sum() < ROWS
    assert reduced.positive.all()
    np.testing.assert_array_equal(np.linalg.eigvalsh(schur(reduced))[:, 0] > 0, definite)


def test_a_node_of_negative_conductance_among_the_eliminated_is_told():
    one = np.ones((2, 3), np.float32)
    d = np.array([[1, 1, -1], [1, 0, 1]], np.float32)
    reduced = Reduced(one[:, :2], one[:, :2], [one], [one], one, d, one[:, :1])
    np.testing.assert_array_equal(reduced.positive, [True, False, False])


def test_some_rows_have_the_products_that_they_had_among_all():
    reduced, _ = networks(2, 0.5)
    y = np.random.default_rng(2).standard_normal((N_KEPT, ROWS)).astype(np.float32)
    rows = np.array([3, 17, 39])
    some = reduced.rows(rows).product(np.ascontiguousarray(y[:, rows]))
    np.testing.assert_allclose(some, reduced.product(y)[:, rows], rtol=1e-5, atol=1e-6)


def test_conjugate_gradients_need_half_the_products_of_the_whole():
    """Reid's theorem, where no eliminated node is out of balance to begin with."""
    reduced, whole = networks(1, 0.6)
    saved = []
    for row, (small, large) in enumerate(zip(schur(reduced), whole, strict=True)):
        b = np.zeros(N_KEPT + N_GONE)
        b[:N_KEPT] = np.random.default_rng(row).standard_normal(N_KEPT)
        d, counts = np.diag(large), []
        for matrix in (large, small):
            n, products = len(matrix), []
            seen = LinearOperator(
                (n, n), lambda v, m=matrix, p=products: p.append(0) or m @ v, dtype=float
            )
            cg(seen, b[:n], rtol=1e-6, M=np.diag(1 / d[:n]))
            counts.append(len(products))
        saved.append(counts[1] / counts[0])
    assert np.mean(saved) < 0.6
