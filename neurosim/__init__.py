"""neurosim: a circuit-level simulator of neuromorphic hardware that learns and draws.

Read the package in this order:

======================== ==========================================================================
`network`                which node is where: a layered network as one crossbar
`circuit.amplifiers`     node amplifiers
`circuit.elements`       pairs of conductances, springs
`circuit.laws`           what a node puts out, and what its couplings do to it
`circuit.circuit`        currents, co-content, local contrasts
`solvers.etd`            integrators that take leaks and springs exactly
`solvers.settle`         a batch in chunks on threads
`devices.coupling`       programmable conductance pairs
`chip.interface`         what a host sees of a chip
`chip.chip`              a die behind converters, with a clock
`host.phases`            the free and the two nudged phases
`host.gradep`            every weight's gradient from its own two end points
`host.trainer`           the loop
======================== ==========================================================================
"""

import lazy_loader

# Each name is loaded at first use, so that `neurosim --help` does not wait for NumPy and SciPy.
# They are listed in `__init__.pyi`, where type checkers find them too.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
