"""Commands that train: quickstart and train. Heavy packages are imported inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.common import (
    COUNT,
    ENGINES,
    FOLDER,
    JSON,
    POSITIVE,
    SEED,
    SIZES,
    Bar,
    command_line,
    evaluate_run,
    finish_run,
    metric_lines,
    print_json,
    quoted,
    say,
)
from neurosim.errors import DataError, RunError

if TYPE_CHECKING:
    from neurosim.host import Experiment
    from neurosim.profile import Profile
    from neurosim.runs import Run

__all__ = ["quickstart", "train"]


@click.command()
@click.option("--out", type=FOLDER, default=Path("runs/quickstart"), show_default=True)
@click.option("--updates", type=COUNT, default=400, show_default=True, help="Weight updates.")
@click.option("--seed", type=SEED, default=0, show_default=True)
@JSON
def quickstart(out: Path, updates: int, seed: int, as_json: bool) -> None:
    """Train a realistic chip on real digits, draw samples, write a report: minutes.

    The chip is `cmos_rc_6bit`: 6-bit weights, 8-bit converters, thermal noise, a few per cent
    mismatch. Everything that is made lies in the folder --out.
    """
    from neurosim.host import Experiment
    from neurosim.profile import load_profile
    from neurosim.runs import train as run_training

    experiment = Experiment(
        updates=updates, batch=256, learning_rate=2e-3, schedule="cosine", seed=seed
    )
    with _stoppable(out, Bar("training")) as bar:
        run = run_training(
            load_profile("cmos_rc_6bit"),
            experiment,
            out,
            command=command_line(),
            progress=bar.on_update,
        )
    result = evaluate_run(run, 2000, None, None, 0)
    finish_run(run)
    if as_json:
        print_json({"run": str(run.path)} | result)
        return
    sheet = run.profile
    say(f"\nA simulated {sheet.name} has learned to draw digits.\n")
    say("\n".join(metric_lines(result)))
    say(f"""
Made in {out}:
  report.html     the page to open first: loss, samples, quality, one settle, the chip's numbers
  samples.png     100 samples that the chip drew by itself
  weights.csv     the weight table: conductances and level codes of every coupling
  metrics.csv     one row an update

Next:
  neurosim profiles                                     other chips
  neurosim train --profile ideal_hopfield --out runs/ideal --updates 500
  neurosim sample {quoted(out)} --mode spring -n 100 --out spring.png
  neurosim export {quoted(out)} --to weights.csv""")


@contextmanager
def _stoppable(out: Path, bar: Bar, go_on: bool = False) -> Iterator[Bar]:
    """Close the bar, and after Ctrl-C say how to go on with the run in `out`, if it has begun."""
    from neurosim.folders import exists

    begun = out / "experiment.yaml"
    new = go_on or not exists(begun)
    try:
        yield bar
    except KeyboardInterrupt:
        way = f"go on with: neurosim train --resume --out {quoted(out)}"
        kept = new and exists(begun)
        raise KeyboardInterrupt(f"stopped; {way if kept else 'nothing was kept.'}") from None
    finally:
        bar.close()


def _experiment(path: Path | None, options: dict[str, Any]) -> Experiment:
    """Experiment from a file, with what the options say instead."""
    from neurosim.datasets import dataset_name
    from neurosim.host import Experiment, Labels
    from neurosim.yaml_files import load_block, with_values

    base = Experiment() if path is None else load_block(path, Experiment)
    places = {"flow.settle_tau": "settle_tau", "flow.beta": "beta"}
    names = ("updates", "batch", "seed", "calibrate", "dataset")
    places |= {name: name for name in names}
    changes = {path: options[name] for path, name in places.items() if options[name] is not None}
    if options["labels"] and base.labels is None:
        changes["labels"] = Labels()
    experiment = with_values(base, changes)
    return experiment.model_copy(update={"dataset": dataset_name(experiment.dataset)})


def _profile(name: str, engine: str | None, layers: tuple[int, ...] | None) -> Profile:
    from neurosim.profile import load_profile
    from neurosim.yaml_files import with_values

    profile = load_profile(name)
    if layers is not None:
        profile = with_values(profile, {"layers": layers})
    if engine is None:
        return profile
    changes = {"settling.engine": engine}
    if engine != "stochastic" and profile.thermal.temperature_K is not None:
        say(f"engine {engine}: the profile's thermal noise is left out", err=True)
        changes["thermal.temperature_K"] = "ideal"
    return with_values(profile, changes)


def _folder_of(profile: str) -> Path:
    """Where a run goes by itself: runs/PROFILE."""
    from neurosim.names import is_name

    stem = Path(profile).stem
    if not is_name(stem):
        raise DataError(
            "The run folder must have a plain name of letters, digits and _ - . where --out gives "
            f"none, but the profile's file is called {Path(profile).name!r}; give --out."
        )
    return Path("runs") / stem


def _memory_line(profile: Profile, experiment: Experiment) -> str:
    from neurosim.solvers import memory_estimate_bytes
    from neurosim.topology import Layers

    layers = Layers(profile.layers)
    size = memory_estimate_bytes(experiment.batch, layers.n_nodes, layers.n_odd * layers.n_even)
    return f"batches of {experiment.batch}: about {size / 1e9:.1f} GB of memory"


@click.command()
@click.option("--profile", metavar="NAME_OR_PATH", help="Hardware profile: see neurosim profiles.")
@click.option(
    "--experiment", type=FOLDER, metavar="FILE", help="YAML file with the algorithm's settings."
)
@click.option("--updates", type=COUNT, help="Weight updates.  [default: 2000]")
@click.option("--batch", type=COUNT, help="Presentations in an update.  [default: 512]")
@click.option(
    "--dataset",
    metavar="NAME_OR_FILE",
    help="digits, digits16, digits28, an .npz or MNIST's idx file.  [default: digits]",
)
@click.option(
    "--labels",
    is_flag=True,
    default=None,
    help="Learn classes too, on nodes of their own; then ask for one by sample --class.",
)
@click.option("--layers", type=SIZES, help="Sizes instead of the profile's, such as 256,128,128.")
@click.option("--engine", type=ENGINES, help="How settles are computed, instead of the profile's.")
@click.option("--settle-tau", type=POSITIVE, help="Settling time of a phase in units of C/g.")
@click.option("--beta", type=POSITIVE, help="Nudge strength; below 1/60 at alpha 2, lambda 15.")
@click.option(
    "--calibrate",
    is_flag=True,
    default=None,
    help="Measure offsets, gains and springs of the die before training.",
)
@click.option(
    "--from", "start", type=FOLDER, metavar="RUN", help="Begin with the weights of a trained run."
)
@click.option("--seed", type=SEED, help="Of the die, the weights, the data and all noise.")
@click.option("--out", type=FOLDER, help="Run folder.  [default: runs/PROFILE]")
@click.option(
    "--resume",
    "go_on",
    is_flag=True,
    help="Go on with the run in --out; begin it if there is none.",
)
@JSON
def train(profile: str | None, out: Path | None, go_on: bool, as_json: bool, **given: Any) -> None:
    """Train a chip and write a run folder.

    Settings come from the options, then the experiment file, then the profile's advice. Ctrl-C
    stops at once and keeps what is done; the same command with --resume goes on, to the same bits
    as a run that was never stopped.
    """
    from neurosim.folders import is_free
    from neurosim.runs import Run
    from neurosim.runs import resume as resume_run
    from neurosim.runs import train as run_training

    if profile is None and (out is None or not go_on):
        raise DataError("neurosim train needs --profile; see `neurosim profiles` for names.")
    if profile is None and is_free(Path(str(out))):
        raise RunError(
            f"{out} must be a run folder to go on with, but there is none; give --profile."
        )
    out = out or _folder_of(str(profile))
    done, begun = 0, go_on and not is_free(out)
    if begun:
        run = Run.open(out)
        _check_same(run, profile, given)
        done = run.n_done
    with _stoppable(out, Bar("training", done), go_on) as bar:
        if begun:
            run = resume_run(out, progress=bar.on_update)
        else:
            experiment = _experiment(given["experiment"], given)
            hardware = _profile(str(profile), given["engine"], given["layers"])
            say(_memory_line(hardware, experiment), err=True)
            run = run_training(
                hardware,
                experiment,
                out,
                command=command_line(),
                start=None if given["start"] is None else Run.open(given["start"]),
                progress=bar.on_update,
            )
    finish_run(run)
    loss = run.metrics()["flow_loss"]
    if as_json:
        last = {"updates": len(loss), "flow_loss": float(loss[-1])}
        print_json({"run": str(out)} | last | {"ledger": run.facts["ledger"]})
        return
    say(f"{out}: {len(loss)} updates, flow loss {loss[0]:.3f} -> {loss[-1]:.3f}")
    say(f"open {out / 'report.html'}; judge its samples with: neurosim evaluate {quoted(out)}")


def _check_same(run: Run, profile: str | None, given: dict[str, Any]) -> None:
    """Options beside --resume must agree with the run."""
    experiment = _experiment(given["experiment"], given)
    if given["experiment"] is None:
        stored = run.experiment
        flow = {"settle_tau": stored.flow.settle_tau, "beta": stored.flow.beta}
        begun: dict[str, Any] = {"engine": run.profile.settling.engine, "start": run.start}
        begun |= {"layers": run.profile.layers, "labels": stored.labels is not None}
        known = stored.model_dump() | flow | begun
        asked = given if given["dataset"] is None else given | {"dataset": experiment.dataset}
        different = [k for k, v in asked.items() if v is not None and v != known.get(k, v)]
    else:
        different = [] if experiment == run.experiment else ["experiment"]
    if profile is not None and (_profile(profile, given["engine"], given["layers"]) != run.profile):
        different.append("profile")
    if different:
        end = "differs; leave it" if len(different) == 1 else "differ; leave them"
        raise RunError(
            f"{run.path} must be resumed as it was begun, but {', '.join(different)} {end} out, or "
            "train into a new folder."
        )
