"""How a report says what an evaluation found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurosim.report.wording import headed
from neurosim.safe_text import counted

__all__ = ["quality"]

_METRICS = {
    "frechet_feature": "distance of means and covariances of a fixed classifier's features; lower",
    "nn_two_sample": "how well the nearest neighbour tells samples from real ones; 0.5 is best",
    "w2": "mean transport distance to the real ones; lower",
    "precision": "share of samples near real ones; higher",
    "recall": "share of real ones near samples; higher",
    "density": "how densely real ones surround samples; about 1",
    "coverage": "share of real ones with a sample nearby; higher",
    "frechet_pixel": "of means and covariances of pixels; a Gaussian does well, so no headline",
}
_NO_CLASSES = " Features and classes are not judged: the fixed classifier knows digits alone."


def quality(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Table of an evaluation beside its baselines, what it compares, and what figures mean."""
    floors, shown = evaluation["baselines"], [name for name in _METRICS if name in evaluation]
    if "frechet_feature" not in shown:
        shown.sort(key=lambda name: name != "w2")
    n_real, name = evaluation.get("n_real", 1797), evaluation.get("dataset", "digits")
    rows = {
        "this chip": evaluation,
        "real": floors["real"],
        "noisy": floors["noisy"],
        "Gaussian": floors["gaussian"],
    }
    return {
        "intro": (
            f"{counted(evaluation['n'], 'sample')}, mode {evaluation['mode']}, t = "
            f"{evaluation['t_end']:g}, "
            f"seed {evaluation['seed']}, on the images' grey levels, against {n_real:,} images of "
            f"{name}. Real, one half of the images against the other, is the floor; noisy are real "
            "images with noise of 0.1; one Gaussian fitted to them is the dumb baseline."
            + _fresh(evaluation)
            + ("" if "class_shares" in evaluation else _NO_CLASSES)
        ),
        "heads": list(rows),
        "rows": [(headed(k), [_cell(row[k]) for row in rows.values()]) for k in shown],
        "notes": [(headed(k), _METRICS[k]) for k in shown],
    }


def _cell(value: float) -> str:
    """Three digits; two of what is small."""
    return f"{value:.2g}" if abs(value) < 0.1 else f"{value:.3g}"


def _fresh(evaluation: Mapping[str, Any]) -> str:
    """What real images outside the set would have; of older evaluations it is not known."""
    distance = evaluation.get("fresh_frechet")
    if distance is None:
        return ""
    return (
        " Frechet distances of small sets are long: real against real compares two halves, and as "
        f"many real images outside the set as there are samples would be at about {distance:.2f}."
    )
