"""The command `neurosim profiles noise`. Heavy packages are imported inside."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.bar import Bar
from neurosim.cli.common import COUNT, FOLDER, JSON, LAWS, print_json, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurosim.analysis import Conditions, Point, Row
    from neurosim.blocks.block import Block
    from neurosim.host import FlowSettings
    from neurosim.network import Weights
    from neurosim.profile import Profile

    Array = NDArray[np.float64]

__all__ = ["noise"]

# Of random weights, and how many images are made up.
_GAIN = 0.5
_MADE_UP = 512


@click.command("noise")
@click.argument("name", metavar="NAME_OR_PATH")
@click.option(
    "--weights", "run", type=FOLDER, metavar="RUN",
    help="Weights and flow settings of this run.  [default: a trained ideal chip's; random ones "
    "where the layers are others]",
)  # fmt: skip
@click.option("--batch", type=COUNT, default=128, show_default=True, help="Rows of a batch.")
@click.option(
    "--seeds", type=click.IntRange(min=2), default=4, show_default=True,
    help="Chips, each with a batch of its own.",
)  # fmt: skip
@click.option(
    "--age", default="0 s", show_default=True, metavar="TIME",
    help="How long ago the weights were written, such as `1000 s` or `1 day`: what drift needs.",
)  # fmt: skip
@click.option("--figure", type=FOLDER, help="Also draw it: a PNG or SVG file.")
@LAWS
@JSON
def noise(
    name: str, run: Path | None, batch: int, seeds: int, age: str, figure: Path | None,
    laws: tuple[type[Block], ...], as_json: bool,
) -> None:  # fmt: skip
    """Say which imperfection does what to a read and to the gradient, and the best beta.

    Every source of the profile is switched on alone, then all together. The gradient is held
    against the exact one, at the weights that the host asks for and at those that the devices hold.
    """
    from neurosim.analysis import ledger, scan_beta
    from neurosim.report import write_noise_figure

    write = None if figure is None else write_noise_figure(figure)
    conditions, shown = _conditions(name, run, batch, seeds, age, laws)
    bar = Bar("sources")
    rows = ledger(conditions, bar)
    bar.close()
    bar = Bar("betas")
    points = scan_beta(conditions, progress=bar)
    bar.close()
    if write is not None:
        write(rows, points)
    best = max(points, key=lambda point: point.gradient.cosine_held)
    if as_json:
        print_json(
            {
                "profile": conditions.profile.name,
                "beta": conditions.flow.beta,
                "settle_tau": conditions.flow.settle_tau,
                "batch": batch,
                "seeds": seeds,
                "age_s": conditions.age_s,
                "shown": shown,
                "sources": [asdict(row) for row in rows],
                "betas": [asdict(point) for point in points],
                "best_beta": best.beta,
            }
        )
        return
    say("\n".join([*_table(conditions, rows, shown), "", *_betas(conditions, points, best)]))


def _conditions(
    name: str, run: Path | None, batch: int, seeds: int, age: str, laws: tuple[type[Block], ...]
) -> tuple[Conditions, str]:
    """What is presented, and whose weights and images these are."""
    from neurosim.analysis import Conditions
    from neurosim.blocks.units import parse_duration
    from neurosim.errors import DataError
    from neurosim.host import FlowSettings
    from neurosim.profile import load_profile

    profile = load_profile(name, laws=laws)
    try:
        age_s = parse_duration(age)
    except ValueError as error:
        raise DataError(f"--age {error}.") from None
    if run is None:
        (weights, whose), flow = _shipped(profile), FlowSettings()
    else:
        (weights, flow), whose = _trained(run, laws), f"weights of {run}"
    images, of = _images(profile.layers[0])
    made = Conditions(profile, weights, flow, batch, seeds, age_s, images)
    return made, f"weights written {age.strip()} ago; {whose}; {of}"


def _shipped(profile: Profile) -> tuple[Weights, str]:
    """A trained ideal chip's weights where they fit, else random ones; and what they are."""
    from neurosim.analysis.problem import LAWS, trained_weights
    from neurosim.host import initial_weights
    from neurosim.profile import load_profile
    from neurosim.streams import Streams

    law = getattr(profile.node.law, "law", "")
    if law in LAWS and profile.network == load_profile(f"ideal_{law}").network:
        return trained_weights(profile), "weights of a trained ideal chip"
    rng = Streams(0).generator("weights")
    shape = "-".join(map(str, profile.layers))
    text = f"random weights, for {shape} has none that are shipped: give --weights RUN for others"
    return initial_weights(profile.network, _GAIN, rng), text


def _images(n_pixels: int) -> tuple[Array, str]:
    """Digits of so many pixels, or made-up images where there are none; and what they are."""
    import numpy as np

    from neurosim.data.sets import DIGITS, load_dataset

    for name, side in DIGITS.items():
        if side**2 == n_pixels:
            return load_dataset(name).images, f"images of {name}"
    made = np.random.default_rng(0).uniform(-1, 1, (_MADE_UP, n_pixels))
    return made, f"made-up images of {n_pixels} pixels"


def _trained(path: Path, laws: tuple[type[Block], ...]) -> tuple[Weights, FlowSettings]:
    """Shadow weights of a run, and how it presented its data."""
    from neurosim.runs import Run

    run = Run.open(path, laws)
    return run.weights(), run.experiment.flow


def _table(conditions: Conditions, rows: list[Row], shown: str) -> list[str]:
    flow, profile = conditions.flow, conditions.profile
    steps = _steps_V(conditions)
    lines = [
        f"{profile.name}: beta {flow.beta:g}, {flow.settle_tau:g} tau a phase, "
        f"{conditions.repeats} chips, batches of {conditions.batch}",
        shown,
        f"{'':22} {'drawn at':11} {'phases':7} {'visible':>8} {'LSB':>6} {'hidden':>8} {'LSB':>6} "
        f"{'left':>5} {'cosine':>7} {'held':>7} {'of mean':>7} {'SNR':>5}",
        f"{'':22} {'':11} {'':7} {'uV':>8} {'':>6} {'uV':>8} {'':>6} {'':>5} {'':>7} {'':>7} "
        f"{'':>7} {'dB':>5}",
    ]
    for row in rows:
        reads = [(row.visible_V, steps[0]), (row.hidden_V, steps[1])]
        shown = " ".join(
            f"{1e6 * value_V:>8.1f} {'' if step_V is None else f'{value_V / step_V:.2f}':>6}"
            for value_V, step_V in reads
        )
        g = row.gradient
        left = "" if row.left is None else f"{row.left:.2f}"
        snr = "" if g.snr_dB is None else f"{g.snr_dB:.1f}"
        lines.append(
            f"{row.name:22} {row.drawn:11} {row.phases:7} {shown} {left:>5} {g.cosine:>7.4f} "
            f"{g.cosine_held:>7.4f} {g.cosine_of_mean:>7.4f} {snr:>5}"
            + (f"  {row.rows_lost} rows lost" if row.rows_lost else "")
        )
    return [*lines, *_LEGEND]


_LEGEND = [
    "",
    "phases   whether what is drawn is common to the phases of a presentation",
    "left     what the two nudged phases do not share of it: 0 cancels, 1 is independent",
    "cosine   of one estimate to the exact gradient at the weights that the host asks for;",
    "         held: at the weights that the devices hold; of mean: of the mean of all estimates",
    "SNR      power of the mean gradient over the variance of one estimate",
    "Sources stand on top of beta and settling time; those of amplifiers include thermal noise.",
]


def _steps_V(conditions: Conditions) -> tuple[float | None, float | None]:
    """One LSB of the ADC for visible and for hidden nodes."""
    from neurosim.converters import lsb

    adc = conditions.profile.adc
    if adc.bits is None or adc.visible_range_V is None or adc.hidden_range_V is None:
        return None, None
    return lsb(adc.visible_range_V, adc.bits), lsb(adc.hidden_range_V, adc.bits)


def _betas(conditions: Conditions, points: list[Point], best: Point) -> list[str]:
    lines = [f"{'beta':>9} {'cosine':>8} {'held':>8} {'of mean':>8} {'SNR dB':>7}   all together"]
    for point in points:
        g: Any = point.gradient
        snr = "" if g.snr_dB is None else f"{g.snr_dB:.1f}"
        mark = "   best" if point is best else ""
        lines.append(
            f"{point.beta:>9.2e} {g.cosine:>8.4f} {g.cosine_held:>8.4f} {g.cosine_of_mean:>8.4f} "
            f"{snr:>7}{mark}"
        )
    text = (
        f"best beta for batches of {conditions.batch}: {best.beta:.2g}, by the cosine in column "
        f"`held`, {best.gradient.cosine_held:.3f} there; the profile advises "
        f"{conditions.profile.host.beta:g}"
    )
    return [*lines, text]
