"""The command `neurosim train`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.bar import Bar, stoppable
from neurosim.cli.common import (
    COUNT,
    DEVICE,
    ENGINE,
    FOLDER,
    JSON,
    LAWS,
    ORDER,
    POSITIVE,
    SCALE,
    SEED,
    SIZES,
    STRICT,
    TASK,
    TIME_LIMIT,
    command_line,
    finish_run,
    print_json,
    say,
    warn,
    warnings_told,
)
from neurosim.cli.lesson import before, experiment_of, memory_line, of_file
from neurosim.cli.lines import held_by, scaled_note
from neurosim.cli.profile_for import profile_for
from neurosim.errors import DataError, RunError
from neurosim.safe_text import counted, quoted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.runs import Run

__all__ = ["train"]


def _folder_of(profile: str) -> Path:
    """Where a run goes by itself: runs/PROFILE."""
    from neurosim.blocks.names import is_name

    stem = Path(profile).stem
    if not is_name(stem):
        raise DataError(
            "The run folder must have a plain name of letters, digits and _ - . where --out gives "
            f"none, but the profile's file is called {Path(profile).name!r}; give --out."
        )
    return Path("runs") / stem


@click.command()
@click.option("--profile", metavar="NAME_OR_PATH", help="Hardware profile: see neurosim profiles.")
@click.option(
    "--experiment", type=FOLDER, metavar="FILE", help="YAML file with the algorithm's settings."
)
@click.option(
    "--task",
    type=TASK,
    help="What is learned, with settings that suit it and springs where it has answers.  "
    "[default: flow]",
)
@click.option("--updates", type=COUNT, help="Weight updates.  [default: 2000]")
@click.option("--batch", type=COUNT, help="Presentations in an update.  [default: 512]")
@click.option(
    "--dataset",
    metavar="NAME_OR_FILE",
    help="digits, digits16, digits28, moons, circles, an .npz (arrays `images`, `labels`), an "
    ".npy, a .csv (a line of names; regress learns the last column), a folder of PNG files, or "
    "MNIST's idx file.  [default: digits]",
)
@SCALE
@click.option(
    "--labels",
    is_flag=True,
    default=None,
    help="Learn classes too, on nodes of their own; then ask for one by sample --class.",
)
@click.option("--layers", type=SIZES, help="Sizes instead of the profile's, such as 256,128,128.")
@click.option("--engine", type=ENGINE, help="How settles are computed, instead of the profile's.")
@click.option("--settle-tau", type=POSITIVE, help="Settling time of a phase in units of C/g.")
@click.option("--beta", type=POSITIVE, help="Nudge strength; below 1/60 at alpha 2, lambda 15.")
@click.option(
    "--calibrate",
    is_flag=True,
    default=None,
    help="Measure offsets, gains and springs of the die before training.",
)
@click.option(
    "--from",
    "start",
    type=FOLDER,
    metavar="RUN_OR_FILE",
    help="Begin with the weights of a trained run, or with arrays W0, b0, W1, b1, ... of an .npz "
    "or .safetensors file.",
)
@ORDER
@click.option("--seed", type=SEED, help="Of the die, the weights, the data and all noise.")
@click.option("--out", type=FOLDER, help="Run folder.  [default: runs/PROFILE]")
@click.option(
    "--resume",
    "go_on",
    is_flag=True,
    help="Go on with the run in --out; begin it if there is none.",
)
@TIME_LIMIT
@DEVICE
@LAWS
@STRICT
@JSON
def train(
    profile: str | None,
    out: Path | None,
    go_on: bool,
    limit_s: float | None,
    device: str,
    laws: tuple[type[Block], ...],
    strict: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Train a chip and write a run folder.

    Settings come from the options, then the experiment file, then what suits the task, then the
    profile's advice (its beta and settling time are for flows). Ctrl-C stops at once and keeps
    what is done; the same command with --resume goes on, to the same bits as a run that was never
    stopped. --resume with more --updates makes a training longer, ended or not; its schedule is
    from there on that of the longer one.
    """
    from neurosim.data.sets import NAMED
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
    done, begun, more, early = 0, go_on and not is_free(out), None, list[str]()
    if begun:
        run = Run.open(out, laws)
        more = _longer(run, given, laws)
        _check_same(run, profile, given | {"updates": run.experiment.updates}, laws)
        done = run.n_done
    with stoppable(out, Bar("training", done), go_on, limit_s, laws, device) as bar:
        if begun:
            trained = resume_run(
                out, updates=more, laws=laws, progress=bar.on_update, device=device
            )
        else:
            experiment = experiment_of(given["experiment"], given, laws)
            if experiment.dataset not in NAMED:
                experiment = of_file(experiment)
            hardware = profile_for(str(profile), given, laws, experiment.task)
            early = before(hardware, experiment)
            warn(early, strict)
            say(memory_line(hardware, experiment), err=True)
            with warnings_told(strict):
                trained = run_training(
                    hardware,
                    experiment,
                    out,
                    command=command_line(),
                    start=given["start"],
                    start_order=given["order"],
                    laws=laws,
                    progress=bar.on_update,
                    device=device,
                )
        beyond = 0 if trained.run is None else trained.run.facts.get("start_clipped", 0)
        if not begun and beyond:
            held = held_by(trained.profile)
            say(f"{given['start']}: {counted(beyond, 'weight')} clipped to {held}", err=True)
    warnings = finish_run(trained)
    metrics = trained.metrics()
    loss, flows = metrics["flow_loss"], trained.experiment.task.has_paths
    if as_json:
        last: dict[str, Any] = {"updates": len(loss), "flow_loss": float(loss[-1])}
        last |= {name: float(metrics[name][-1]) for name in ("accuracy",) if name in metrics}
        last |= {"warnings": warnings, "ledger": trained.spent()}
        print_json({"run": str(out)} | last)
        warn([said for said in warnings if said not in early], strict)
        return
    what, those = ("flow loss", "samples") if flows else ("loss", "answers")
    what += scaled_note(trained)
    say(f"{out}: {counted(len(loss), 'update')}, {what} {loss[0]:.3f} -> {loss[-1]:.3f}")
    say(f"open {out / 'report.html'}; judge its {those} with: neurosim evaluate {quoted(out)}")
    warn([said for said in warnings if said not in early], strict)


def _longer(run: Run, given: dict[str, Any], laws: tuple[type[Block], ...]) -> int | None:
    """How many updates a run is to have in all, if more than it has.

    Those that it was begun with, or was made longer to, are no other wish.
    """
    asked = given["updates"]
    if asked is None and given["experiment"] is not None:
        asked = experiment_of(given["experiment"], given, laws).updates
    has = run.experiment.updates
    if asked is None or asked == has:
        return None
    if asked < has and asked not in {before for _, before in run.facts.get("extended", [])}:
        raise RunError(
            f"{run.path} must be made longer than its {has:,} updates, but {asked:,} are asked "
            "for; give more, or train into a new folder."
        )
    return asked if asked > has else None


def _check_same(
    run: Run, profile: str | None, given: dict[str, Any], laws: tuple[type[Block], ...]
) -> None:
    """Options beside --resume must agree with the run."""
    from neurosim.folders import real

    experiment = experiment_of(given["experiment"], given, laws)
    if given["experiment"] is None:
        stored = run.experiment
        flow = {"settle_tau": stored.flow.settle_tau, "beta": stored.flow.beta}
        engine = getattr(run.profile.settling, "engine", "")
        begun: dict[str, Any] = {"engine": engine, "start": run.start}
        begun |= {"task": getattr(stored.task, "task", "")}
        begun |= {"layers": run.profile.layers, "labels": stored.labels is not None}
        known = stored.model_dump() | flow | begun
        asked = given if given["dataset"] is None else given | {"dataset": experiment.dataset}
        if asked["start"] is not None and run.start is not None:
            asked = asked | {"start": real(asked["start"])}
            known["start"] = real(run.start)
        different = [k for k, v in asked.items() if v is not None and v != known.get(k, v)]
    else:
        different = [] if experiment == run.experiment else ["experiment"]
    if (
        profile is not None
        and profile_for(profile, given, laws, run.experiment.task) != run.profile
    ):
        different.append("profile")
    if different:
        end = "differs; leave it" if len(different) == 1 else "differ; leave them"
        raise RunError(
            f"{run.path} must be resumed as it was begun, but {', '.join(different)} {end} out, or "
            "train into a new folder."
        )
