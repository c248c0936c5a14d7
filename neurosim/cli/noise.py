"""The command `neurosim profiles noise`. Heavy packages are imported inside."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.bar import Bar
from neurosim.cli.common import COUNT, FOLDER, JSON, LAWS, SCALE, SIZES, TASK, print_json, say
from neurosim.cli.conditions import conditions_of
from neurosim.safe_text import counted, one_line

if TYPE_CHECKING:
    from neurosim.analysis import Conditions, Point, Row
    from neurosim.blocks.block import Block

__all__ = ["noise"]

_RULES = ["gradep", "coupled", "contrastive_hebbian", "cross_entropy", "asymmetric", "continual"]


@click.command("noise")
@click.argument("name", metavar="NAME_OR_PATH")
@click.option(
    "--weights", "run", type=FOLDER, metavar="RUN",
    help="Weights and flow settings of this run.  [default: a trained ideal chip's; random ones "
    "where the layers are others]",
)  # fmt: skip
@click.option(
    "--task",
    type=TASK,
    help="What is learned: flow, or classify with answers.  [default: what the chip is for]",
)
@click.option(
    "--rule", type=click.Choice(_RULES), help="Of a task with answers.  [default: gradep]"
)
@click.option("--layers", type=SIZES, help="Sizes instead of the profile's, such as 64,128,10.")
@click.option(
    "--dataset", metavar="NAME_OR_FILE", help="Of a task with answers.  [default: digits]"
)
@SCALE
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
    laws: tuple[type[Block], ...], as_json: bool, **given: Any,
) -> None:  # fmt: skip
    """Say which imperfection does what to a read and to the gradient, and the best beta.

    Every source of the profile is switched on alone, then all together. The gradient is held
    against the exact one, at the weights that the host asks for and at those that the devices hold.

    Presented is a flow of images; or, with --task classify and of chips that are for answers, what
    a classifier learns: inputs are held, answers are on springs in the last layer, and the rule is
    one of those of an experiment.
    """
    from neurosim.analysis import ledger, scan_beta
    from neurosim.report import write_noise_figure

    write = None if figure is None else write_noise_figure(figure)
    conditions, shown = conditions_of(name, run, (batch, seeds, age), laws, given)
    with Bar("sources") as bar:
        rows = ledger(conditions, bar)
    with Bar("betas") as bar:
        points = scan_beta(conditions, progress=bar)
    if write is not None:
        write(rows, points, _title(conditions, age))
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


def _title(conditions: Conditions, age: str) -> str:
    """Of the picture: whose gradient, by which nudge, and how old the devices are."""
    flow, written = conditions.flow, f"written {one_line(age.strip())} ago"
    return (
        f"Gradient of {conditions.profile.name}, {written}\n"
        f"nudge of beta {flow.beta:g}, {flow.settle_tau:g} tau a phase"
    )


def _table(conditions: Conditions, rows: list[Row], shown: str) -> list[str]:
    flow, profile = conditions.flow, conditions.profile
    steps = _steps_V(conditions)
    # A phase of a radian is a voltage of one unit.
    unit, scale = ("mrad", 1e3 / profile.node.unit_V) if profile.node.oscillating else ("uV", 1e6)
    reads = [
        f"{'':22} {'drawn at':11} {'phases':7} {'visible':>8} {'LSB':>6} {'hidden':>8} {'LSB':>6} "
        f"{'left':>5}",
        f"{'':22} {'':11} {'':7} {unit:>8} {'':>6} {unit:>8}",
    ]
    gradients = [f"{'':22} {'cosine':>7} {'held':>7} {'of mean':>7} {'SNR dB':>7}"]
    for row in rows:
        pairs = [(row.visible_V, steps[0]), (row.hidden_V, steps[1])]
        read = " ".join(
            f"{scale * value_V:>8.1f} {'' if step_V is None else f'{value_V / step_V:.2f}':>6}"
            for value_V, step_V in pairs
        )
        left = "" if row.left is None else f"{row.left:.2f}"
        reads.append(f"{row.name:22} {row.drawn:11} {row.phases:7} {read} {left:>5}".rstrip())
        g = row.gradient
        snr = "" if g.snr_dB is None else f"{g.snr_dB:.1f}"
        lost = f"  {counted(row.rows_lost, 'row')} lost" if row.rows_lost else ""
        gradient = f"{g.cosine:>7.4f} {g.cosine_held:>7.4f} {g.cosine_of_mean:>7.4f} {snr:>7}"
        gradients.append(f"{row.name:22} {gradient}{lost}".rstrip())
    return [
        f"{profile.name}: beta {flow.beta:g}, {flow.settle_tau:g} tau a phase, "
        f"{conditions.repeats} chips, batches of {conditions.batch}",
        shown,
        "\nWhat it does to a read",
        *reads,
        *_OF_READS,
        "\nWhat it does to the gradient",
        *gradients,
        *_OF_GRADIENTS,
        _BESIDE if profile.node.has_thermal_noise else _ON_TOP,
    ]


_OF_READS = [
    "",
    "phases   whether what is drawn is common to the phases of a presentation",
    "hidden   all nodes behind the first layer, those that answer too",
    "left     what the two nudged phases do not share of it: 0 cancels, 1 is",
    "         independent",
]
_OF_GRADIENTS = [
    "",
    "cosine   of one estimate to the exact gradient at the weights that the host",
    "         asks for; held: at the weights that the devices hold; of mean: of the",
    "         mean of all estimates",
    "SNR      power of the mean gradient over the variance of one estimate; none",
    "         where nothing varies, or where the signal is lost in what does",
]
_ON_TOP = "Sources, and all together, stand on top of beta and settling time."
_BESIDE = f"{_ON_TOP[:-1]};\nthose of amplifiers include thermal noise."


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
        f"best beta for batches of {conditions.batch}: {best.beta:.3g}, by the cosine in column "
        f"`held`, {best.gradient.cosine_held:.3f} there; "
        f"{_usual(conditions)}"
    )
    return [*lines, text]


def _usual(conditions: Conditions) -> str:
    """The beta that is used where none is chosen, and who says so."""
    from neurosim.analysis import AnswerConditions

    if isinstance(conditions, AnswerConditions):
        return f"the recipe has {conditions.flow.beta:g}"
    return f"the profile advises {conditions.profile.host.beta:g}"
