"""neurosim: a circuit-level simulator of neuromorphic hardware that learns and draws.

What you will use first, as ``import neurosim as ns``; ``help(ns.train)`` and its kin say more:

=================== ===============================================================================
`load_profile`      a technology by its name or file; ``shipped_profiles()`` are those that come
`Chip`              a chip made to a profile, and what a host may ask of it
`Experiment`        what is trained, and how
`train`             a chip, in memory or into a folder: a `Trained`
`sample`            draws from what is trained; so does ``trained.draw(100)``
`inpaint`           completes images
`evaluate`          judges samples
`explain`           why they are as good as they are, and what would help
`sweep`             the same under other settings: a `Table`
`plot`              a picture of what you hold; `plot_settle`, `write_report`
`export_weights`    the weight table, in a file
=================== ===============================================================================

To change the package, read it in this order:

======================== ==========================================================================
`network`                which node is where: a layered network as one crossbar
`circuit.amplifiers`     node amplifiers
`circuit.elements`       pairs of conductances, springs
`circuit.laws`           what a node puts out, and what its couplings do to it
`circuit.amplified`      the two laws of nodes with amplifiers
`circuit.circuit`        currents, co-content, local contrasts
`solvers.etd`            integrators that take leaks and springs exactly
`solvers.settle`         a batch in chunks on threads
`devices.coupling`       programmable conductance pairs
`chip.interface`         what a host sees of a chip
`chip.chip`              a die behind converters, with a clock
`host.free`              a phase without a nudge, and the velocity that its springs say
`host.phases`            the two nudged phases
`host.gradep`            every weight's gradient from its own two end points
`host.trainer`           the loop
======================== ==========================================================================
"""


def _face() -> tuple:
    """How names are loaded at first use, so that `neurosim --help` does not wait for NumPy.

    They are listed in `__init__.pyi`, where type checkers find them too. Reading that takes longer
    than all that a command needs before it minds a signal, so that it waits for the first name.
    """
    import lazy_loader

    found = lazy_loader.attach_stub(__name__, __file__)
    globals().update(zip(("__getattr__", "__dir__", "__all__"), found, strict=True))
    return found


def __getattr__(name: str) -> object:
    load, _, names = _face()
    return names if name == "__all__" else load(name)


def __dir__() -> list[str]:
    return _face()[1]()
