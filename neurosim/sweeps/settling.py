"""A chip's settling against the quality of its samples: the sweep of a study, and its recipe."""

from __future__ import annotations

from typing import Any

from neurosim.analysis.imperfections import Source, present, without
from neurosim.blocks.differences import differences
from neurosim.data import Dataset
from neurosim.host import Experiment
from neurosim.profile import Profile
from neurosim.sweeps.knees import FEWEST_SEEDS
from neurosim.sweeps.plan import Sweep, figures_of, ruler_of

__all__ = [
    "ALONE",
    "DT",
    "LONGEST_START_TAU",
    "NOISELESS",
    "QUIET",
    "READS",
    "STEPPED",
    "figure_of",
    "is_noiseless",
    "noiseless_seeds",
    "plan_of",
    "plan_of_answers",
    "quiet",
    "recipe_of",
]

# Ratios of capacitances of a chip that runs free, and settling [C/g] of a step by its host.
ALONE, STEPPED = (1, 3, 6, 10, 18, 30, 100), (1, 3, 6, 10, 15, 30)
# Ratios of a chip without noise.
QUIET = (3, 6, 10, 18, 100)
# How labels of the chip without noise and converters' errors begin.
NOISELESS = "noiseless"
# Settling [C/g] of a decision.
READS = (0.3, 0.6, 1, 2, 3, 5, 10, 20, 40)
# Flow time of a step.
DT = 0.05
# A settle before a free run starts is as long as the run is slow, up to here [C/g].
LONGEST_START_TAU = 30
_BATCH = 256
# What a chip can be without, with the same weights: what is drawn anew, and its converters' errors.
_ANEW = {"drive", "settle", "read"}
_CONVERTERS = ("dac.", "adc.", "current_sense.")


def recipe_of(updates: int, asked: Experiment | None = None) -> Experiment:
    """A short training of what is asked for, in batches of 256 by Adam at 2e-3 with cosine decay.

    Of a task with answers it is what suits the task.
    """
    asked = asked or Experiment()
    short = {"updates": updates, "dataset": asked.dataset, "scale": asked.scale}
    if not asked.task.has_paths:
        return Experiment.suited(asked.task).with_values(short)
    recipe = {"batch": _BATCH, "learning_rate": 2e-3, "schedule": "cosine", "pairing": "batch"}
    return Experiment().with_values(recipe | short)


def figure_of(data: Dataset) -> str:
    """What samples are compared by: the classifier of digits where the images are its own."""
    return ruler_of(data.name)


def is_noiseless(drawn: object) -> bool:
    """Whether a label of a study is of the chip without noise, which nobody has.

    Examples
    --------
    >>> is_noiseless("noiseless, C_x/C_h 3"), is_noiseless("alone, C_x/C_h 3")
    (True, False)
    """
    return str(drawn).startswith(f"{NOISELESS},")


def noiseless_seeds(seeds: int) -> int:
    """Of how many seeds the chip without noise is drawn first: half of them, and three at least.

    It is compared with the same seeds' own figures, so that few of them tell.

    Examples
    --------
    >>> [noiseless_seeds(n) for n in (1, 4, 12)]
    [1, 3, 6]
    """
    return min(seeds, max(FEWEST_SEEDS, -(-seeds // 2)))


def quiet(profile: Profile) -> dict[str, Any]:
    """What a sweep changes for a chip of the same weights without noise and converters' errors."""
    off = without(profile, *(source.name for source in present(profile) if _is_quiet(source)))
    return {f"deploy.{found.path}": found.second for found in differences(profile, off)}


def _is_quiet(source: Source) -> bool:
    return bool(source.fields) and (
        source.drawn in _ANEW or source.fields[0].startswith(_CONVERTERS)
    )


def plan_of(
    profile: Profile, name: str, recipe: Experiment | None, samples: int, seeds: int,
    figure: str, run: str | None = None, *, changed: bool = False,
) -> Sweep:  # fmt: skip
    """The sweep: one training a seed, or a run; alone at every ratio, stepped at every length.

    Where the chip has noise or converters, it is alone at some ratios without them too.

    Parameters
    ----------
    profile : Profile
    name : str
        Of the profile, as a sweep names it: shipped, or a path.
    recipe : Experiment or None
        None where `run`, a trained run's folder, stands in place of training.
    samples, seeds : int
    figure : str
        What ranks.
    run : str, optional
    changed : bool
        Whether the profile has other layers than the one of that name.
    """
    alone = {f"alone, C_x/C_h {ratio}": _released(ratio) for ratio in ALONE}
    stepped = {
        f"stepped, {tau} tau": {
            "sampling.mode": "spring", "sampling.dt": DT, "sampling.settle_tau": tau,
        }
        for tau in STEPPED
    }  # fmt: skip
    noiseless = dict[str, dict[str, Any]]()
    if off := quiet(profile):
        noiseless = {f"{NOISELESS}, C_x/C_h {ratio}": _released(ratio) | off for ratio in QUIET}
    cases, own = alone | stepped | noiseless, _own_layers(profile) if changed else {}
    base = {"run": run} if run is not None else {"profile": name, "experiment": recipe}
    return Sweep(
        name="settling",
        summary=f"Quality against settling of {profile.name}.",
        base=base,
        sampling={"n": samples},
        axes=[{"name": "drawn", "cases": {k: own | case for k, case in cases.items()}}],
        replicas=seeds,
        measure=list(dict.fromkeys([figure, "nn_two_sample", "precision", "coverage"])),
    )


def _own_layers(profile: Profile) -> dict[str, Any]:
    """What a sweep changes of a profile that is named by another's layers and sources."""
    return {"profile.layers": list(profile.layers), "profile.sources": list(profile.sources)}


def _released(ratio: float) -> dict[str, Any]:
    """What a sweep changes for a chip that runs free at a ratio of its capacitances."""
    return {
        "deploy.release_ratio": ratio,
        "sampling.mode": "free-running",
        "sampling.settle_tau": min(ratio, LONGEST_START_TAU),
    }


def plan_of_answers(
    profile: Profile, name: str, recipe: Experiment, seeds: int, run: str | None = None
) -> Sweep:
    """The sweep of a chip that answers: one training a seed, or a run; read at every length.

    Where the chip has noise or converters, it is read without them too.

    Parameters
    ----------
    profile : Profile
        With sources where the answers are.
    name : str
        Of the profile that is shipped or in a file, whose layers and sources are changed to these.
    recipe : Experiment
        Of the training; of `run` its own.
    seeds : int
    run : str, optional
    """
    changes, off = {} if run is not None else _own_layers(profile), quiet(profile)
    own = {f"read, {tau:g} tau": changes | {"sampling.settle_tau": tau} for tau in READS}
    cases = dict(own)
    if off:
        cases |= {label.replace("read", NOISELESS): case | off for label, case in own.items()}
    base = {"run": run} if run is not None else {"profile": name, "experiment": recipe}
    offered = figures_of(recipe)
    shares = [name for name in ("test_accuracy", "test_explained") if name in offered]
    return Sweep(
        name="settling",
        summary=f"Answers against settling of {profile.name}.",
        base=base,
        axes=[{"name": "drawn", "cases": cases}],
        replicas=seeds,
        measure=["test_loss", *shares],
    )
