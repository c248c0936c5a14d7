"""What the experiments share: trainings that go on where they stopped, judged samples, tables."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import multiprocessing
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from keeping import LostError, kept, merged, save_arrays, stored, write_results  # noqa: F401
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from neurosim.chip import Chip
from neurosim.cli.bar import Bar
from neurosim.errors import RunError
from neurosim.host import Experiment
from neurosim.host.optimizer import initial_weights
from neurosim.profile import Profile
from neurosim.runs import Run, Trained, evaluate, resume, train
from neurosim.streams import Streams
from neurosim.sweeps import SweepFolder, Workers, best, groups, run_sweep
from neurosim.sweeps.remaining import remaining_s
from neurosim.sweeps.workers import processes

SAMPLES = 2000
SHOWN = 100
# What a part of an experiment has left to compute, and how it writes down what there is.
Part = tuple[
    Callable[[argparse.Namespace], list[tuple[Any, ...]]], Callable[[argparse.Namespace], None]
]
COLUMNS = {
    "frechet_feature": "feature Frechet",
    "nn_two_sample": "1-NN",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "w2": "W2",
    "smallest_class": "smallest class",
    "nearest_distance": "nearest digit",
}


def options(
    text: str,
    here: Path,
    only: Iterable[str] = (),
    more: Callable[[argparse.ArgumentParser], None] | None = None,
) -> argparse.Namespace:
    """Command line that all experiments have, and `results`: where tables and figures go.

    With `--quick` runs and results share a folder that is thrown away, however it ends. Where
    there are parts to choose, `--only` names some of them; `more` adds what one experiment has
    beyond.
    """
    runs = Path("runs") / here.name
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=runs, help=f"run folders ({runs})")
    parser.add_argument("--workers", type=count, default=2, help="trainings at once (2)")
    parser.add_argument("--quick", action="store_true", help="two updates, nothing kept")
    if only:
        parser.add_argument("--only", nargs="+", choices=list(only), help="parts to do")
    if more is not None:
        more(parser)
    found = parser.parse_args()
    found.results = here
    if found.quick:
        found.out = found.results = Path(tempfile.mkdtemp())
        found.workers = 1
        atexit.register(finish, found)
    return found


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, but is {text}")
    return int(text)


def finish(found: argparse.Namespace) -> None:
    """Throw a quick run's folder away; without a word where it is gone."""
    if found.quick:
        shutil.rmtree(found.out, ignore_errors=True)


def trained(
    profile: Profile, experiment: Experiment, folder: Path, start: Run | Trained | None = None
) -> Run:
    """The finished run in `folder`: begun, gone on with, or only opened.

    Raises
    ------
    SystemExit
        The folder holds a run of another profile, recipe or start.
    """
    run = Run.open(folder) if folder.exists() else None
    if run is not None and (run.profile, run.experiment) != (profile, experiment):
        raise SystemExit(f"{folder} holds another training; move it away, or give another --out")
    if run is not None and not _began_with(run, start):
        raise SystemExit(
            f"{folder} holds a training that began with {run.start or 'weights of its own'}, not "
            f"with {_run_of(start) or 'weights of its own'}; move it away, or give another --out"
        )
    if run is not None and run.n_done == experiment.updates:
        return run
    bar = Bar(folder.name, run.n_done if run else 0, line=_own_line())
    how = {"progress": bar.on_update, "n_threads": 1}
    with threadpool_limits(1, "blas"), contextlib.closing(bar):
        if run is not None:
            return resume(folder, **how).run
        return train(profile, experiment, folder, start=start, **how).run


def centred(profile: Profile, experiment: Experiment) -> Trained:
    """Random weights W0, W1 with the biases b0 = m and b1 = -W0 m of the mean image m.

    With all couplings at zero b0 = m is the best bias for flow matching with alpha = 2. Without
    biases an energy is the same for an image and its negative, and a training that begins so and is
    short draws some digits as paper on ink.
    """
    chip = Chip(profile, experiment.seed, n_threads=1)
    layers, rng = chip.data_sheet.layers, Streams(experiment.seed).generator("weights")
    weights = initial_weights(layers, experiment.gain, rng)
    mean = experiment.images().images.mean(axis=0)
    weights.bias[layers.visible] = mean
    weights.bias[layers.nodes(1)] -= weights.matrix(layers, 0) @ mean
    return Trained(chip, experiment, weights=weights)


def _run_of(start: Run | Trained | None) -> Path | None:
    """Folder of the run that a training is to begin with; None where no run holds the weights."""
    run = start if start is None or isinstance(start, Run) else start.run
    return None if run is None else run.path.resolve()


def _began_with(run: Run, start: Run | Trained | None) -> bool:
    """Whether a run says that it began there; folders may have been moved since."""
    wanted, said = _run_of(start), run.start
    if wanted is None or said is None:
        return wanted is said
    return said == wanted or (said.name == wanted.name and not said.exists())


def finished(folder: Path, first: str) -> Run:
    """The run that others begin with; `first` says what trains it.

    Raises
    ------
    SystemExit
        It is not there, or has updates left.
    """
    wrong = f"{folder} must hold a finished training for others to begin with, but "
    mend = f"; run {first} first."
    if not folder.exists():
        raise SystemExit(f"{wrong}is not there{mend}")
    try:
        run = Run.open(folder)
        done = run.n_done
    except RunError as error:
        raise SystemExit(f"{wrong}cannot be opened{mend} {error}") from None
    if done < run.experiment.updates:
        raise SystemExit(f"{wrong}has {done} of {run.experiment.updates} updates{mend}")
    return run


def in_turn(*jobs: tuple[Any, ...]) -> None:
    """Do jobs (function, arguments...) that need those before them, as one."""
    for function, *arguments in jobs:
        function(*arguments)


def _own_line() -> int:
    """Where this process shows a bar, below that of all work: workers are called LokyProcess-N."""
    number = multiprocessing.current_process().name.rpartition("-")[2]
    return int(number) if number.isdigit() else 1


def judged(run: Run, n: int = SAMPLES, **how: Any) -> dict[str, Any]:
    """Evaluation of a run with its first samples, kept beside it; `how` goes to `evaluate`."""
    name = "_".join(["judged", str(n), *(f"{key}{value}" for key, value in how.items())])

    def make() -> dict[str, Any]:
        result, x = evaluate(run, n, **how)
        return result | {"samples": np.round(x[:SHOWN], 3).tolist()}

    return kept(run.path / f"{name}.json", make)


def in_parallel(work: Iterable[tuple[Any, ...]], workers: int) -> list[Any]:
    """Results of (function, arguments...) in their order, on processes."""
    jobs = [delayed(function)(*arguments) for function, *arguments in work]
    results: list[Any] = []
    with processes(), contextlib.closing(Bar("jobs")) as bar:
        bar(0, len(jobs))
        for result in Parallel(n_jobs=workers, return_as="generator")(jobs):
            results.append(result)
            bar(len(results), len(jobs))
    return results


def in_parts(found: argparse.Namespace, parts: Mapping[str, Part]) -> None:
    """Do what is left of each part asked for, in their order, write it down, and finish.

    A part that would write less than there was is left as it is; that is told when all are done.
    """
    if found.tables and not any(found.out.glob("*/*")):
        raise SystemExit(
            f"--tables needs trainings in {found.out}, but there are none; give their folder as "
            "--out, or leave out --tables to train."
        )
    wrong = []
    for name, (work, tell) in parts.items():
        if found.only and name not in found.only:
            continue
        if not found.tables:
            in_parallel(work(found), found.workers)
        try:
            tell(found)
        except LostError as error:
            wrong.append(str(error))
    finish(found)
    if wrong:
        raise SystemExit("\n".join(wrong))


def swept(folder: SweepFolder, workers: int) -> list[dict[str, Any]]:
    """The table of a sweep; what is left of it is done."""
    figure = folder.sweep.measure[0]

    def show(done: int, total: int, rows: Sequence[dict[str, Any]]) -> None:
        found = best(groups(rows, folder.columns, [figure]), figure)
        shown = {} if found is None else {f"best {figure}": f"{found.mean[figure]:.3g}"}
        bar(done, total, remaining_s(folder, workers), **shown)

    with contextlib.closing(Bar("points", len(folder.points) - len(folder.left()))) as bar:
        return run_sweep(folder, Workers(workers), progress=show)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Markdown; numbers get three decimals."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = (f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def without_samples(results: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The figures alone, for a results.json."""
    return {
        name: {key: value for key, value in result.items() if key != "samples"}
        for name, result in results.items()
    }


def metric_rows(results: dict[str, dict[str, Any]]) -> list[list[Any]]:
    """One row of figures a result, and the floors of the first below them."""
    rows = [
        [name, result.get("flow_loss", ""), *(result[key] for key in COLUMNS)]
        for name, result in results.items()
    ]
    floors = next(iter(results.values()))["baselines"]
    return rows + [
        [f"*{name}*", "", *(base[key] for key in COLUMNS)] for name, base in floors.items()
    ]


def metric_table(results: dict[str, dict[str, Any]], first: str = "") -> str:
    """Markdown of `metric_rows`."""
    return table([first, "flow loss", *COLUMNS.values()], metric_rows(results))


def new_figure(*grid: int, size: tuple[float, float]) -> tuple[Figure, Any]:
    """Figure and its axes; no window, no global state."""
    fig = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(fig)
    return fig, fig.subplots(*(grid or (1, 1)))


def show_digits(ax: Axes, samples: Any, columns: int, title: str = "") -> None:
    """Samples as one picture with thin gaps, `columns` a row."""
    images = np.asarray(samples)
    images = images[: len(images) // columns * columns]
    side = round(images.shape[1] ** 0.5)
    framed = np.pad(images.reshape(-1, side, side), ((0, 0), (1, 0), (1, 0)), constant_values=1)
    lines = framed.reshape(-1, columns, side + 1, side + 1).transpose(0, 2, 1, 3)
    ax.imshow(lines.reshape(-1, columns * (side + 1)), cmap="gray", vmin=-1, vmax=1)
    ax.set_axis_off()
    ax.set_title(title, fontsize=10)


def save(fig: Figure, path: Path) -> None:
    """PNG for a README."""
    fig.savefig(path, dpi=150, bbox_inches="tight", pad_inches=0.05)
