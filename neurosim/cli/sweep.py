"""The command `neurosim sweep`. Heavy packages are imported inside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.again import going_on
from neurosim.cli.bar import Bar
from neurosim.cli.common import (
    COUNT,
    DEVICE,
    FOLDER,
    JSON,
    LAWS,
    TIME_LIMIT,
    ParamType,
    command_line,
    print_json,
    say,
    warn,
    warnings_told,
)
from neurosim.cli.dry_run import settings_said, tell_ahead
from neurosim.safe_text import counted, one_digit

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.sweeps import Group, SweepFolder
    from neurosim.sweeps.points import Listed

__all__ = ["sweep"]


class _Shard(ParamType):
    """i/n, both at least 1 and i at most n."""

    name = "i/n"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Two numbers."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d+)/(\d+)", value)
        i, n = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= i <= n:
            self.fail(f"{value} must be i/n with i from 1 to n, such as 2/8.", param, ctx)
        return i, n


@click.command()
@click.argument("file", type=FOLDER)
@click.option("--out", type=FOLDER, help="Folder of the sweep.  [default: runs/NAME]")
@click.option("--workers", type=COUNT, help="Processes here.  [default: one a processor]")
@click.option("--dask", default="", metavar="ADDRESS", help="Dask scheduler, tcp://host:port.")
@click.option("--resume", "go_on", is_flag=True, help="Go on; failed points are tried again.")
@click.option(
    "--shard", type=_Shard(), default="1/1", metavar="I/N",
    help="Every N-th point from the I-th on: one job of an array, all with one --out.",
)  # fmt: skip
@click.option(
    "--dry-run", is_flag=True,
    help="List the points, say by a little of some of them what all will take, and keep nothing.",
)  # fmt: skip
@click.option("--estimate", "estimated", is_flag=True, help="As --dry-run, without the list.")
@TIME_LIMIT
@DEVICE
@LAWS
@JSON
def sweep(
    file: Path, out: Path | None, workers: int | None, dask: str, go_on: bool,
    shard: tuple[int, int], dry_run: bool, estimated: bool, limit_s: float | None, device: str,
    laws: tuple[type[Block], ...], as_json: bool,
) -> None:  # fmt: skip
    """Train and sample over a grid of chips, recipes and ways of sampling.

    FILE is YAML: experiments/smoke.yaml is a short one, neurosim/README.md explains all of it. The
    table results.csv has one row a point and grows as points end; it has the same bits whatever
    computes it. Trainings that points share are done once. A sweep that was stopped or killed goes
    on with --resume. A point that fails is a row with its error, and the exit status is then 1.
    """
    from neurosim.blocks.names import within
    from neurosim.machines import arrays_on
    from neurosim.signals import on_signals, stopping, within_time
    from neurosim.solvers import available_threads
    from neurosim.sweeps import Point, SweepFolder, Workers, expand, run_sweep
    from neurosim.sweeps.fitting import left_behind
    from neurosim.sweeps.idle import idle_axes
    from neurosim.sweeps.loading import load_sweep
    from neurosim.sweeps.remaining import remaining_s
    from neurosim.sweeps.strange import made_odd
    from neurosim.sweeps.workers import release_processes

    arrays_on(device)
    if dask and workers is not None:
        raise click.UsageError("give --workers or --dask, not both")
    plan = load_sweep(file, laws)
    if dry_run or estimated:
        points = expand(plan, file.parent, laws)
        mine = [point for point in points if point.index % shard[1] == shard[0] - 1]
        _warn_of_unsuited(mine)
        warn([*left_behind(mine, laws), *made_odd(mine)])
        used = workers or available_threads()
        tell_ahead(plan, mine, points, used, laws, as_json=as_json, brief=not dry_run)
        return
    Workers(dask=dask).check()
    with warnings_told():
        folder = SweepFolder.create(
            out or within(Path("runs"), plan.name),
            plan,
            file.parent,
            command=command_line(),
            resume=go_on,
            laws=laws,
            shared=shard[1] > 1,
        )
    _warn_of_unsuited(folder.share(shard))
    warn(made_odd([point for point in folder.points if isinstance(point, Point)]))
    left, total = len(folder.left(shard)), len(folder.share(shard))
    # Processes would share one GPU.
    used = workers or (min(available_threads(), max(1, left)) if device == "cpu" else 1)
    bar = Bar("points", total - left)
    try:
        with on_signals(stopping), within_time(limit_s):
            if shard[0] == 1 and not folder.rows():
                planned = [point for point in folder.points if isinstance(point, Point)]
                warn([*idle_axes(planned, plan.axes, laws).values()])
            if left:
                bar(total - left, total)
            run_sweep(
                folder,
                Workers(used, dask, device),
                shard=shard,
                progress=lambda done, total, rows: bar(
                    done,
                    total,
                    None if dask else remaining_s(folder, used, shard),
                    **_shown(folder, rows),
                ),
            )
            bar.close()
            release_processes(Workers(used, dask, device))
            _finish(folder, shard, as_json)
    except KeyboardInterrupt as cause:
        way = going_on(
            "sweep", file, "--resume", out=folder.path, workers=workers, dask=dask,
            shard="/".join(map(str, shard)) if shard[1] > 1 else None, device=device, laws=laws,
        )  # fmt: skip
        raise stopped_sweep(cause, folder, way, shard) from None
    finally:
        bar.close()


def stopped_sweep(
    cause: KeyboardInterrupt, folder: SweepFolder, way: str, shard: tuple[int, int] = (1, 1)
) -> KeyboardInterrupt:
    """The same wish, with what is kept of a sweep and the command that goes on."""
    from neurosim.signals import Stopped

    total = len(folder.share(shard))
    kept = f"{total - len(folder.left(shard))} of {counted(total, 'point')}"
    are = "is" if total == 1 else "are"
    return Stopped.by(cause, f"{kept} {are} kept in {folder.path}; go on with: {way}")


def _warn_of_unsuited(points: Sequence[Listed]) -> None:
    """Say once what chips cannot learn that they are to be trained for."""
    from neurosim.analysis.suited import unsuited
    from neurosim.sweeps import Point

    planned = (point.training for point in points if isinstance(point, Point))
    trained = {one.key: one for one in planned if one is not None}.values()
    found = {one.key: unsuited(one.profile, one.experiment.task) for one in trained}
    warn(sorted({text for text in found.values() if text is not None}))


def _shown(folder: SweepFolder, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Figures beside the bar: the best mean so far, by its right name, and how many failed."""
    from neurosim.sweeps import best, groups, standing

    failed, figure = sum(bool(row["error"]) for row in rows), folder.sweep.measure[0]
    shown = {"failed": str(failed)} if failed else {}
    every = groups(rows, folder.columns, [figure])
    found, (word, _) = best(every, figure), standing(every, figure)
    if found is None:
        return shown
    return shown | {f"{word} {figure}".lstrip(): f"{found.mean[figure]:.3g}"}


def _mean(group: Group, figure: str) -> str:
    """A mean, over replicas with its standard error."""
    error = f" ± {one_digit(group.error[figure])}, {group.rows} replicas" if group.rows > 1 else ""
    return f"{group.mean[figure]:.4g}{error}"


def _finish(folder: SweepFolder, shard: tuple[int, int], as_json: bool) -> None:
    """Say what there is; exit status 1 if a point failed."""
    from neurosim.report import write_sweep_report
    from neurosim.report.wording import worded
    from neurosim.sweeps import as_good, best, standing
    from neurosim.sweeps.floors import floors

    rows, table = folder.rows(), folder.path / "results.csv"
    page = write_sweep_report(folder)
    failed = [row for row in rows if row["error"]]
    figure = folder.sweep.measure[0]
    every = folder.groups()
    found, near = best(every, figure), as_good(every, figure)
    word, note = standing(every, figure)
    settings = {} if found is None else dict(zip(folder.columns, found.settings, strict=True))
    beside = {name: row[figure] for name, row in floors(folder).items() if figure in row}
    idle = folder.without_effect()
    counts = {"points": len(folder.points), "done": len(rows), "failed": len(failed)}
    share, left = len(folder.share(shard)), len(folder.left(shard))
    own = {"points": share, "done": share - left}
    if as_json:
        top = None if found is None else found._asdict() | {"settings": settings}
        print_json(
            {"file": str(table), "report": str(page)}
            | counts
            | {"best": top, "beyond_error": word == "best", "as_good": near}
            | {"beside": beside, "without_effect": idle}
            | ({"shard": own} if shard[1] > 1 else {})
        )
    else:
        if shard[1] > 1:
            say(
                f"shard {shard[0]}/{shard[1]}: {share - left} of its {counted(share, 'point')} "
                f"{'has' if share == 1 else 'have'} figures"
            )
        say(f"{table}: {len(rows)} of {counted(len(folder.points), 'point')}, {len(failed)} failed")
        if found is not None:
            where = f"; {settings_said(settings)}" if settings else ""
            said = f"{word} {worded(figure)}".lstrip()
            say(f"{said}: {_mean(found, figure)}{f' ({note})' if note else ''}{where}")
        if beside:
            say(f"beside it: {', '.join(f'{name} {value:.4g}' for name, value in beside.items())}")
        say(f"open {page}")
    for name in idle:
        say(
            f"neurosim: warning: {name} moves no figure of quality: nothing that was drawn "
            "depends on it",
            err=True,
        )
    mine = {point.index for point in folder.share(shard)}
    end_if_failed([row for row in rows if row["point"] in mine])


def end_if_failed(rows: Sequence[Mapping[str, Any]]) -> None:
    """Name the first points that failed, and end with status 1 if there are any."""
    failed = [row for row in rows if row["error"]]
    for row in failed[:10]:
        say(f"neurosim: point {row['point']} failed: {row['error']}", err=True)
    if failed:
        raise SystemExit(1)
