"""Lines in which a command says what an evaluation found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurosim.profile import Profile
    from neurosim.runs import Trained

__all__ = ["answer_lines", "held_by", "metric_lines", "own_error_lines", "scaled_note"]


# Columns of a label, and the fewest of a figure.
_LABEL, _CELL = 10, 7


def metric_lines(result: dict[str, Any]) -> list[str]:
    """Table of the headline metrics beside the three rows that need no chip."""
    from neurosim.report.wording import headed

    if "flow_loss" not in result:
        return answer_lines(result)
    first = "frechet_feature" if "frechet_feature" in result else "w2"
    names = [first, "nn_two_sample", "w2", "precision", "recall", "density", "coverage"]
    rows = {"this chip": result} | result["baselines"]
    names = [name for name in dict.fromkeys(names) if name in result]
    heads = {name: headed(name) for name in names}
    wide = {name: max(len(head), _CELL) + 1 for name, head in heads.items()}
    lines = [" " * _LABEL + "".join(f"{head:>{wide[name]}}" for name, head in heads.items())]
    lines += [
        f"{label:>{_LABEL}}" + "".join(f"{row[name]:>{wide[name]}.3f}" for name in names)
        for label, row in rows.items()
    ]
    if result["fresh_frechet"] is not None:
        fresh = f"{result['n']} real images outside the set would have a feature Frechet of about"
        lines.append(f"{fresh} {result['fresh_frechet']:.2f}")
    loss = f"flow loss {result['flow_loss']:.3f}"
    if "class_shares" not in result:
        return [*lines, f"features and classes are judged of the digits only; {loss}"]
    if "asked_class_share" in result:
        shares = " ".join(f"{share:.2f}" for share in result["asked_class_shares"])
        asked = result["asked_class_share"]
        lines += [f"samples of the class that was asked for: {asked:.3f}; by class {shares}"]
    present = sum(share >= 0.01 for share in result["class_shares"])
    entropy = f"entropy {result['class_entropy']:.3f}; {loss}"
    return [*lines, f"classes with at least 1 % of the samples: {present} of 10; {entropy}"]


def answer_lines(result: dict[str, Any]) -> list[str]:
    """Table of figures of answers beside rivals that need no chip, and what a decision costs."""
    from neurosim.report.wording import headed

    found = {name: value for name, value in result.items() if isinstance(value, float)}
    costs = [name for name in found if "_per_" in name]
    names = sorted((name for name in found if name not in costs), key=_losses_last)
    rows = {"this chip": result} | result.get("baselines", {})
    label = max(map(len, rows)) + 1
    wide = {name: max(len(headed(name)), _CELL) + 2 for name in names}
    lines = [" " * label + "".join(f"{headed(name):>{wide[name]}}" for name in names)]
    for row, figures in rows.items():
        cells = (f"{figures[k]:.4f}" if k in figures else "" for k in names)
        line = "".join(f"{cell:>{wide[k]}}" for k, cell in zip(names, cells, strict=True))
        lines.append(f"{row:>{label}}{line}".rstrip())
    if "test_accuracy_interval" in result:
        low, high = result["test_accuracy_interval"]
        lines.append(f"95 % interval of the test accuracy: {low:.4f} to {high:.4f}")
    if costs:
        lines.append("; ".join(_cost(name, found[name]) for name in costs))
    return lines


def scaled_note(trained: Trained) -> str:
    """Behind a loss: that it is of numbers which were scaled, where these are answers."""
    regresses = hasattr(trained.experiment.task, "n_answers")
    return " of answers scaled to -1 to 1" * (regresses and trained.dataset.scaling.changes)


def held_by(profile: Profile) -> str:
    """Between which weights a chip's devices hold them, single ones none below 0."""
    scale = profile.coupling.full_scale
    low = 0 if profile.coupling.single else -scale
    return f"{low:g} to {scale:g}, which devices of {profile.name} hold"


def own_error_lines(trained: Trained, result: dict[str, Any]) -> list[str]:
    """What the losses of scaled answers are in the table's own numbers; of one answer alone."""
    import numpy as np

    task, scaling = trained.experiment.task, trained.dataset.scaling
    if not scaled_note(trained):
        return []
    lines = ["losses are mean squares of answers scaled to -1 to 1"]
    if getattr(task, "n_answers", 0) == 1 and scaling.low.ndim:
        half, name = float(scaling.high[-1] - scaling.low[-1]) / 2, scaling.names[-1]
        for key in ("loss", "test_loss"):
            if key in result:
                error = half * float(np.sqrt(result[key]))
                what = f"root of the {key.replace('_', ' ')} in the numbers of {name}"
                lines.append(f"{what}: {error:.4g}")
    return lines


def _losses_last(name: str) -> tuple[bool, str, bool]:
    """Place of a figure among others: one of the test set is behind its own."""
    plain = name.removeprefix("test_")
    return plain == "loss", plain, plain != name


def _cost(name: str, value: float) -> str:
    """In words, with its unit behind the number."""
    from neurosim.blocks.units import format_quantity

    field, _, unit = name.rpartition("_")
    said = format_quantity(value, unit, 3) if value else "not counted"
    return f"{field.replace('_per_', ' of a ')} {said}"
