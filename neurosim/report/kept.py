"""What `evaluate` and `explain` have found of a run, as far as it still stands where it did."""

from __future__ import annotations

import os
from typing import Any

from neurosim.blocks.records import read_record
from neurosim.metrics import classifier_of
from neurosim.runs import Explanation, Run
from neurosim.runs.facts import Evaluation, Examination, OfUpdate
from neurosim.safe_text import counted, quoted

__all__ = ["kept_evaluation", "kept_explanation"]

_OF_DIGITS = {"frechet_feature", "class_shares", "fresh_frechet"}


def kept_evaluation(run: Run) -> tuple[dict[str, Any] | None, str]:
    """What evaluation.json says of the run as it stands; else None, and why if there is a file.

    Raises
    ------
    RunError
        The file is damaged.
    """
    kind = Evaluation if run.experiment.task.has_paths else Examination
    found, why = _kept(run, "evaluation", kind, "evaluate")
    if found is None:
        return None, why
    # Older versions judged any image by the classifier of digits.
    foreign = _OF_DIGITS if classifier_of(run.experiment.dataset) is None else set()
    return found.model_dump(exclude_unset=True, exclude=foreign), ""


def kept_explanation(run: Run) -> tuple[Explanation | None, str]:
    """The same of explanation.json."""
    return _kept(run, "explanation", Explanation, "explain")


def _kept(run: Run, name: str, kind: Any, command: str) -> tuple[Any, str]:
    path, again = run.path / f"{name}.json", f"`neurosim {command} {quoted(run.path)}`"
    if not os.path.lexists(path):
        return None, ""
    advice = f"delete it, or make it again with {again}"
    found = read_record(path, kind, advice)
    then = read_record(path, OfUpdate, advice)
    if wrong := _stale(run, then.updates):
        return None, f"{name.capitalize()} left out: {wrong}. Run {again} again."
    return found, ""


def _stale(run: Run, then: int | None) -> str:
    """Of which other update of the run a file is; empty where it is of this one.

    Older versions did not say it: of a run that was not made longer it is taken to be of its end.
    """
    if then is None:
        longer = run.facts.get("extended")
        return "the run was made longer, and it does not say of which update it is" * bool(longer)
    now = run.n_done
    if then == now:
        return ""
    return f"it is of update {then:,}, and the run has {counted(now, 'update')} now"
