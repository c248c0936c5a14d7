"""What the JSON files of a run folder hold."""

from __future__ import annotations

import platform
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from neurosim.blocks.records import Number, Record

__all__ = ["Evaluation", "Examination", "Facts", "OfUpdate", "versions"]

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
# Of what may be left out but is never null.
_ABSENT: Any = Field(default=None)


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    from importlib.metadata import version

    packages = ("neurosim-eqprop", "numpy", "scipy", "scikit-learn")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


class Facts(Record):
    """What run.json says.

    Parameters
    ----------
    command : str
        How to repeat the run.
    versions : dict from str to str
        See `versions`.
    start : str
        Folder of the run whose weights this one began with, or file of plain arrays.
    start_sha256, start_order, start_clipped : str, str, int
        Of such a file: its digest, the order of its axes if that was said, and how many of its
        weights lay beyond the full scale.
    dataset_sha256 : str
        Digest of what it learns.
    calibration, ledger : dict from str to number
        What was found before training; what the training took, totals of the ledger.
    computed : str
        How settles are computed: the engine, its precision, and the machine.
    ledger_before : dict from str to number
        Totals of a chip that was used before this training.
    updates : int
        At the end.
    extended : list of (int, int)
        Each time that a training was made longer: the updates it had done, and was to do before.
    """

    command: str = _ABSENT
    versions: dict[str, str] = _ABSENT
    start: str = _ABSENT
    start_sha256: str = _ABSENT
    start_order: str = _ABSENT
    start_clipped: int = _ABSENT
    dataset_sha256: str = _ABSENT
    calibration: dict[str, Number] = _ABSENT
    computed: str = _ABSENT
    updates: Count = _ABSENT
    extended: list[tuple[Count, Count]] = _ABSENT
    ledger: dict[str, Number] = _ABSENT
    ledger_before: dict[str, Number] = _ABSENT


class OfUpdate(Record):
    """How far a run had learned when something was found of it.

    Parameters
    ----------
    updates : int
        Updates that were done; absent in files of older versions.
    """

    updates: Count = _ABSENT


class Judged(Record):
    """Figures of one set of samples: see `neurosim.metrics`."""

    frechet_feature: Number = _ABSENT
    frechet_pixel: Number = _ABSENT
    nn_two_sample: Number = _ABSENT
    w2: Number = _ABSENT
    precision: Number = _ABSENT
    recall: Number = _ABSENT
    density: Number = _ABSENT
    coverage: Number = _ABSENT


class Evaluation(Judged):
    """What evaluation.json says, as far as a report shows it.

    Parameters
    ----------
    n, seed, mode, t_end
        How the samples were drawn.
    baselines : dict from str to Judged
        The rows that need no chip, with the same figures.
    class_shares : list of float
        Share of each of ten classes, where the images can be judged.
    fresh_frechet : float or None
        Of real images that are not among those compared with.
    dataset, n_real
        What was compared with.
    """

    n: Annotated[int, Field(ge=1)]
    seed: Count
    mode: str
    t_end: Number
    baselines: dict[Literal["real", "noisy", "gaussian"], Judged]
    class_shares: Annotated[list[Share], Field(min_length=10, max_length=10)] = _ABSENT
    fresh_frechet: Number | None = _ABSENT
    dataset: str = _ABSENT
    n_real: Count = _ABSENT

    @model_validator(mode="after")
    def _one_table(self) -> Evaluation:
        figures = self.model_fields_set & Judged.model_fields.keys()
        if self.class_shares is not None and "frechet_feature" not in figures:
            raise ValueError("must have frechet_feature beside class_shares")
        for name in ("real", "noisy", "gaussian"):
            row = self.baselines.get(name)
            if row is None or figures - row.model_fields_set:
                raise ValueError(f"must have a baseline {name} with the same figures")
        return self


class Examination(Record):
    """What evaluation.json says of answers, as far as a report shows it.

    Parameters
    ----------
    loss, n, test_loss, test_n
        Of what was learned from, and of what was not.
    accuracy, test_accuracy, explained, test_explained : float
        Share of right answers; share of the answers' variance that is explained.
    accuracy_interval, test_accuracy_interval : list of float
        95 % interval.
    confusion, test_confusion : list of lists
        Rows of each class by what was said.
    energy_per_decision_J, time_per_decision_s : float
    by_settling : dict from str to list of float
        Figures of settles of several lengths, `tau`.
    baselines : dict from str to dict of figures
        What needs no chip.
    """

    loss: Number
    n: Count
    test_loss: Number = _ABSENT
    test_n: Count = _ABSENT
    accuracy: Share = _ABSENT
    test_accuracy: Share = _ABSENT
    explained: Number = _ABSENT
    test_explained: Number = _ABSENT
    accuracy_interval: Annotated[list[Share], Field(min_length=2, max_length=2)] = _ABSENT
    test_accuracy_interval: Annotated[list[Share], Field(min_length=2, max_length=2)] = _ABSENT
    confusion: list[list[Count]] = _ABSENT
    test_confusion: list[list[Count]] = _ABSENT
    energy_per_decision_J: Number = _ABSENT
    time_per_decision_s: Number = _ABSENT
    by_settling: dict[str, list[Number]] = _ABSENT
    baselines: dict[str, dict[str, Number]] = _ABSENT
    dataset: str = _ABSENT
