"""An amplifier as a bench has measured it."""

import numpy as np

# A differential pair, unevenly spaced, lopsided, with an offset.
_INPUTS_V = [-0.42, -0.31, -0.22, -0.13, -0.06, 0.017, 0.09, 0.16, 0.27, 0.39, 0.51]
POINTS_V = [(u, float(0.11 * np.tanh((u - 0.01) / 0.13) + 0.004)) for u in _INPUTS_V]
