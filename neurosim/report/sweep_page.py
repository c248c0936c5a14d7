"""One self-contained HTML page of a sweep: no script, no network, readable on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neurosim.blocks.files import dump_block
from neurosim.blocks.names import as_name
from neurosim.blocks.units import format_quantity
from neurosim.files import read_bytes
from neurosim.folders import exists
from neurosim.outputs import write_text
from neurosim.report.floor_lines import Floors
from neurosim.report.knee_table import knee_table
from neurosim.report.page import data_uri, page_template, picture
from neurosim.report.settings import blocks_of
from neurosim.report.sweep_figures import axis_figure, pareto_figure
from neurosim.report.sweep_lines import is_numeric, lines_of, telling
from neurosim.report.wording import named, worded
from neurosim.safe_text import one_digit
from neurosim.sweeps import Group, Sweep, SweepFolder, badness, best, front, standing
from neurosim.sweeps.axes import drawn
from neurosim.sweeps.floors import FRESH, REAL, bias_of, floors, keep_floors
from neurosim.sweeps.knees import knees
from neurosim.sweeps.settling import is_noiseless
from neurosim.sweeps.stored import ANSWER, PICTURE

__all__ = ["render_sweep", "write_sweep_report"]

_MOST_ROWS = 200
_ONE_SEED = " One seed: no error is known."
_OF_SAMPLES = (
    "In place of samples: one half of the real images against the other half, {fresh}and as many "
    "draws of one Gaussian fitted to them as a point has samples. Distances are larger the fewer "
    "images a set has."
)
_FRESH = "about what as many fresh real images would have, "
_OF_ANSWERS = (
    "What needs no chip, learned from the same examples and asked the same: back-propagation is of "
    "a network of the same layers."
)
_SHOWN_COSTS = ("sample_tau", "sample_time_s", "sample_energy_J", "training_energy_J")
_WORDS = {
    "sample_tau": "settling [C/g]",
    "sample_time_s": "time a sample",
    "sample_energy_J": "energy a sample",
    "training_energy_J": "energy of training",
}


def write_sweep_report(folder: SweepFolder) -> Any:
    """Write report.html of a sweep, done or not; the page's path."""
    keep_floors(folder)
    page = folder.path / "report.html"
    write_text(page, render_sweep(folder))
    return page


def render_sweep(folder: SweepFolder) -> str:
    """The page as HTML text; everything in it is escaped and embedded."""
    sweep, rows = folder.sweep, folder.rows()
    kept, found = folder.columns, folder.groups()
    failed = [row for row in rows if row["error"]]
    real = [group for group in found if not _is_hypothetical(group)]
    facts, beside = folder.facts, floors(folder)
    return page_template("sweep.html.j2").render(
        sweep=sweep,
        answer=_answer(folder, rows, beside),
        cards=_cards(folder, rows, real),
        pictures=_pictures(found, kept, sweep, beside),
        floors=_floors(beside, sweep.measure),
        beside=_OF_SAMPLES.format(fresh=_FRESH if FRESH in beside else "")
        if REAL in beside
        else _OF_ANSWERS,
        front=_table(_on_front(real, sweep.measure[0]), kept, sweep.measure),
        ranked=worded(sweep.measure[0]),
        table=_table(found[:_MOST_ROWS], kept, sweep.measure),
        n_groups=len(found),
        repeated=any(group.rows > 1 for group in found),
        most_rows=_MOST_ROWS,
        failed=[(row["point"], row["error"]) for row in failed],
        idle=folder.without_effect(),
        results=data_uri(folder.table().encode(), "text/csv"),
        profiles=[(profile, blocks_of(profile)) for profile in folder.profiles()],
        plan=dump_block(sweep, brief=True),
        command=facts.command,
        versions=facts.versions,
        costs=_WORDS,
    )


def _is_hypothetical(group: Group) -> bool:
    """Whether it is of a chip without noise and errors, as a study compares with."""
    return any(map(is_noiseless, group.settings))


def _answer(
    folder: SweepFolder, rows: Sequence[dict[str, Any]], beside: Floors
) -> dict[str, Any] | None:
    """What a study has found: words, a table and a picture; None of a sweep that is none."""
    text, shown = folder.path / ANSWER, folder.path / PICTURE
    if not (exists(text) and exists(shown)):
        return None
    said = read_bytes(text, "a study's answer").decode("utf-8", "replace")
    answer, _, more = said.partition("\n\n")
    shown_png = data_uri(read_bytes(shown, "a study's picture"), "image/png")
    figure, of = folder.sweep.measure[0], "seed" if folder.sweep.base.run is None else "draw"
    found = knees(rows, "drawn", figure, floor=bias_of(beside, figure))
    head, cells = knee_table(found, rows, figure, beside, of)
    lines = {"answer": answer.splitlines(), "remarks": more.splitlines()}
    return lines | {"head": head, "rows": cells, "picture": shown_png, "of": of}


def _cards(
    folder: SweepFolder, rows: Sequence[dict[str, Any]], found: Sequence[Group]
) -> list[tuple[str, str]]:
    """What a reader should see first."""
    figure = folder.sweep.measure[0]
    failed = sum(bool(row["error"]) for row in rows)
    done = f"{len(rows) - failed} of {len(folder.points)}"
    cards = [(done, f"points{f'; {failed} failed' if failed else ''}")]
    top = best(found, figure)
    if top is not None:
        word, note = standing(found, figure)
        said = f"{word} {worded(figure)}".lstrip() + _over(top)
        cards.append((f"{top.mean[figure]:.3g}", f"{said}; {note}" if note else said))
        for cost, unit in (("sample_time_s", "s"), ("sample_energy_J", "J")):
            cards.append((format_quantity(top.mean[cost], unit, 3), f"{_WORDS[cost]} there"))
    return cards


def _over(group: Group) -> str:
    return f", mean of {group.rows}" if group.rows > 1 else ""


def _floors(beside: Floors, measure: Sequence[str]) -> dict[str, Any] | None:
    """A table of what needs no chip, with few columns; None where there is none."""
    shown = [figure for figure in measure if any(figure in row for row in beside.values())]
    if not shown:
        return None
    told = {name: row for name, row in beside.items() if row.keys() & set(shown)}
    cells = [
        [f"{row[figure]:.3g}" if figure in row else "" for figure in shown] for row in told.values()
    ]
    names, figures = [*told], [worded(figure) for figure in shown]
    if len(names) > len(figures):
        rows = list(zip(names, cells, strict=True))
        return {"corner": "without a chip", "heads": figures, "rows": rows}
    turned = list(zip(figures, map(list, zip(*cells, strict=True)), strict=True))
    return {"corner": "figure", "heads": names, "rows": turned}


def _pictures(
    found: Sequence[Group], columns: Sequence[str], sweep: Sweep, beside: Floors
) -> list[dict[str, str]]:
    """One for each axis that varies, and the front."""
    if not found:
        return []
    out, measure, random = [], sweep.measure, drawn(sweep.axes)
    real = [group for group in found if not _is_hypothetical(group)]
    repeated = any(group.rows > 1 for group in found)
    errors = " Error bars: standard error over replicas." if repeated else _ONE_SEED
    for column in telling(found, columns, random):
        _, rest = lines_of(found, columns, column, random)
        caption = f"Over {named(column)}.{errors}"
        if rest:
            caption += " Of what else varies the most favourable mean is shown."
        if column in random and len(random) > 1:
            caption += " Points are drawn at random, and differ in what else is drawn too."
        out.append(
            picture(
                axis_figure(found, columns, column, measure[:3], random, floors=beside),
                f"{as_name(column)}.svg",
                f"Figures over {named(column)}",
                caption,
            )
        )
    if len(found) > 1:
        out.append(
            picture(
                pareto_figure(real, columns, measure[0], random, beside),
                "pareto.svg",
                "Pareto front",
                f"The {worded(measure[0])} against what one chip spends on a sample.",
            )
        )
    return out


def _on_front(found: Sequence[Group], figure: str) -> list[Group]:
    """The front of quality against energy, or against time where energies are not known."""
    having = [group for group in found if figure in group.mean]
    cost = "sample_energy_J"
    if any(group.mean.get(cost, 0) <= 0 for group in having):
        cost = "sample_time_s"
    bad = [badness(figure, group.mean[figure]) for group in having]
    return [having[k] for k in front([group.mean[cost] for group in having], bad)]


def _table(
    found: Sequence[Group], columns: Sequence[str], measure: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """Heads, and cells of each group."""
    heads = [*columns, *map(worded, measure), *(_WORDS[cost] for cost in _SHOWN_COSTS)]
    rows = []
    for group in found:
        cells = [f"{v:.4g}" if is_numeric([v]) else str(v) for v in group.settings]
        for figure in measure:
            mean, error = group.mean.get(figure), group.error.get(figure)
            cells.append(
                "" if mean is None else f"{mean:.3g}" + (f" ± {one_digit(error)}" if error else "")
            )
        for cost in _SHOWN_COSTS:
            mean, unit = group.mean.get(cost), cost.rpartition("_")[2]
            known = f"{mean:.3g}" if unit == "tau" else format_quantity(mean or 0.0, unit, 3)
            cells.append("" if mean is None else known)
        rows.append(cells)
    return heads, rows
