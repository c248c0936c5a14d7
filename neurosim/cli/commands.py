"""The commands. Heavy packages are imported inside them, so that --help is instant."""

from __future__ import annotations

import json
import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.errors import DataError, RunError

if TYPE_CHECKING:
    from neurosim.host import Experiment, Update
    from neurosim.profile import Profile
    from neurosim.runs import Run

__all__ = ["bench", "evaluate", "export", "profiles", "quickstart", "report", "sample", "train"]

MODES = click.Choice(["spring", "gradient", "free-running"])
ENGINES = click.Choice(["transient", "stochastic", "operating_point"])
COUNT = click.IntRange(min=1)
SEED = click.IntRange(min=0)


class _Positive(click.FloatRange):
    """A number above zero that is one: click lets NaN and infinity through."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Refuse what is not finite."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


POSITIVE = _Positive()
FOLDER = click.Path(path_type=Path)
RUN = click.argument("run", type=FOLDER, metavar="RUN")
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for a program.")


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))


def _command() -> str:
    return shlex.join(["neurosim", *sys.argv[1:]])


class _Bar:
    """Progress on standard error: updates or steps done, rate, time left, the newest loss."""

    def __init__(self, what: str, done: int = 0) -> None:
        self._what, self._initial, self._bar = what, done, None

    def __call__(self, done: int, total: int, **figures: Any) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total, initial=min(self._initial, done), desc=self._what, disable=None
            )
        assert self._bar is not None
        self._bar.set_postfix(figures, refresh=False)
        self._bar.update(done - self._bar.n)

    def on_update(self, update: Update, total: int) -> None:
        """Progress of a training run."""
        self(update.update, total, flow_loss=f"{update.flow_loss:.3f}")

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def _metric_lines(result: dict[str, Any]) -> list[str]:
    """Table of the headline metrics beside the three rows that need no chip."""
    names = ["frechet_feature", "nn_two_sample", "w2", "precision", "recall", "density", "coverage"]
    rows = {"this chip": result} | result["baselines"]
    lines = [f"{'':>10} " + " ".join(f"{name:>15}" for name in names)]
    lines += [
        f"{label:>10} " + " ".join(f"{row[name]:>15.3f}" for name in names)
        for label, row in rows.items()
    ]
    present = sum(share >= 0.01 for share in result["class_shares"])
    return [
        *lines,
        f"classes with at least 1 % of the samples: {present} of 10; "
        f"entropy {result['class_entropy']:.3f}; flow loss {result['flow_loss']:.3f}",
    ]


def _finish(run: Run) -> None:
    """Samples, weight table and report of a run."""
    from neurosim.export import export as export_table
    from neurosim.report import write_report

    click.echo("drawing samples and writing the report ...", err=True)
    export_table(run.chip(), run.path / "weights.csv")
    write_report(run)


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
    bar = _Bar("training")
    try:
        run = run_training(
            load_profile("cmos_rc_6bit"),
            experiment,
            out,
            command=_command(),
            progress=bar.on_update,
        )
    finally:
        bar.close()
    result = _evaluate(run, 2000, None, None, 0)
    _finish(run)
    if as_json:
        _print_json({"run": str(run.path)} | result)
        return
    sheet = run.profile
    click.echo(f"\nA simulated {sheet.name} has learned to draw digits.\n")
    click.echo("\n".join(_metric_lines(result)))
    click.echo(f"""
Made in {out}:
  report.html     the page to open first: loss, samples, quality, one settle, the chip's numbers
  samples.png     100 samples that the chip drew by itself
  weights.csv     the weight table: conductances and level codes of every coupling
  metrics.csv     one row an update

Next:
  neurosim profiles                                     other chips
  neurosim train --profile ideal_hopfield --out runs/ideal --updates 500
  neurosim sample {out} --mode spring -n 100 --out spring.png
  neurosim export {out} --to weights.csv""")


@click.group(invoke_without_command=True)
@JSON
@click.pass_context
def profiles(ctx: click.Context, as_json: bool) -> None:
    """List the hardware profiles; show or check one."""
    if ctx.invoked_subcommand is not None:
        return
    from neurosim.profile import load_profile, shipped_profiles

    rows = [load_profile(name) for name in shipped_profiles()]
    if as_json:
        _print_json([{"name": p.name, "law": p.node.law, "summary": p.summary} for p in rows])
        return
    width = max(len(p.name) for p in rows)
    for p in rows:
        click.echo(f"{p.name:{width}}  {p.node.law:8}  {p.summary}")
    click.echo("\nOne of them in full: neurosim profiles show NAME > mine.yaml")


@profiles.command("show")
@click.argument("name", metavar="NAME_OR_PATH")
@JSON
def show(name: str, as_json: bool) -> None:
    """Print a profile as YAML, to read or to start your own from."""
    from neurosim.profile import load_profile, shipped_profiles
    from neurosim.yaml_files import dump_block

    profile = load_profile(name)
    if as_json:
        _print_json(profile.model_dump(mode="json"))
    elif name in shipped_profiles():
        click.echo(shipped_profiles()[name].read_text("utf-8"), nl=False)
    else:
        click.echo(dump_block(profile), nl=False)


@profiles.command("check")
@click.argument("path", metavar="NAME_OR_PATH")
@JSON
def check(path: str, as_json: bool) -> None:
    """Check a profile: every mistake on a line with its place."""
    from neurosim.profile import load_profile

    profile = load_profile(path)
    if as_json:
        _print_json({"name": profile.name, "valid": True})
        return
    click.echo(f"{path}: valid ({profile.name}: {profile.summary})")


def _experiment(path: Path | None, options: dict[str, Any]) -> Experiment:
    """Experiment from a file, with what the options say instead."""
    from neurosim.host import Experiment
    from neurosim.yaml_files import load_block, with_values

    base = Experiment() if path is None else load_block(path, Experiment)
    places = {"flow.settle_tau": "settle_tau", "flow.beta": "beta"}
    places |= {name: name for name in ("updates", "batch", "seed")}
    changes = {path: options[name] for path, name in places.items() if options[name] is not None}
    return with_values(base, changes)


def _profile(name: str, engine: str | None) -> Profile:
    from neurosim.profile import load_profile
    from neurosim.yaml_files import with_values

    profile = load_profile(name)
    if engine is None:
        return profile
    changes = {"settling.engine": engine}
    if engine != "stochastic" and profile.thermal.temperature_K is not None:
        click.echo(f"engine {engine}: the profile's thermal noise is left out", err=True)
        changes["thermal.temperature_K"] = "ideal"
    return with_values(profile, changes)


@click.command()
@click.option("--profile", metavar="NAME_OR_PATH", help="Hardware profile: see neurosim profiles.")
@click.option(
    "--experiment", type=FOLDER, metavar="FILE", help="YAML file with the algorithm's settings."
)
@click.option("--updates", type=COUNT, help="Weight updates.  [default: 2000]")
@click.option("--batch", type=COUNT, help="Presentations in an update.  [default: 512]")
@click.option("--engine", type=ENGINES, help="How settles are computed, instead of the profile's.")
@click.option("--settle-tau", type=POSITIVE, help="Settling time of a phase in units of C/g.")
@click.option("--beta", type=POSITIVE, help="Nudge strength; below 1/60 at alpha 2, lambda 15.")
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
    from neurosim.runs import Run
    from neurosim.runs import resume as resume_run
    from neurosim.runs import train as run_training

    if profile is None and (out is None or not go_on):
        raise DataError("neurosim train needs --profile; see `neurosim profiles` for names.")
    if profile is None and not Path(str(out)).exists():
        raise RunError(
            f"{out} must be a run folder to go on with, but there is none; give --profile."
        )
    out = out or Path("runs") / Path(str(profile)).stem
    done = 0
    if go_on and out.exists():
        run = Run.open(out)
        _check_same(run, profile, given)
        done = run.n_done
    bar = _Bar("training", done)
    try:
        if go_on and out.exists():
            run = resume_run(out, progress=bar.on_update)
        else:
            experiment = _experiment(given["experiment"], given)
            run = run_training(
                _profile(str(profile), given["engine"]),
                experiment,
                out,
                command=_command(),
                progress=bar.on_update,
            )
    except KeyboardInterrupt:
        bar.close()
        click.echo(
            f"stopped; go on with: neurosim train --resume --out {shlex.quote(str(out))}", err=True
        )
        raise
    finally:
        bar.close()
    _finish(run)
    loss = run.metrics()["flow_loss"]
    if as_json:
        last = {"updates": len(loss), "flow_loss": float(loss[-1])}
        _print_json({"run": str(out)} | last | {"ledger": run.facts["ledger"]})
        return
    click.echo(f"{out}: {len(loss)} updates, flow loss {loss[0]:.3f} -> {loss[-1]:.3f}")
    click.echo(f"open {out / 'report.html'}; judge its samples with: neurosim evaluate {out}")


def _check_same(run: Run, profile: str | None, given: dict[str, Any]) -> None:
    """Options beside --resume must agree with the run."""
    experiment = _experiment(given["experiment"], given)
    if given["experiment"] is None:
        stored = run.experiment
        flow = {"settle_tau": stored.flow.settle_tau, "beta": stored.flow.beta}
        known = stored.model_dump() | flow | {"engine": run.profile.settling.engine}
        different = [k for k, v in given.items() if v is not None and v != known.get(k, v)]
    else:
        different = [] if experiment == run.experiment else ["experiment"]
    if profile is not None and _profile(profile, given["engine"]) != run.profile:
        different.append("profile")
    if different:
        raise RunError(
            f"{run.path} must be resumed as it was begun, but {', '.join(different)} differ; "
            "leave them out, or train into a new folder."
        )


@click.command()
@RUN
@click.option("-n", type=COUNT, default=100, show_default=True, help="Number of samples.")
@click.option("--mode", type=MODES, help="How they are drawn, instead of the experiment's way.")
@click.option("--t-end", type=POSITIVE, help="Generation time.  [default: 1.2]")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the starting noise.")
@click.option("--out", type=FOLDER, help="PNG, NPZ or CSV file.  [default: RUN/samples.png]")
@JSON
def sample(
    run: Path, n: int, mode: str | None, t_end: float | None, seed: int, out: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Draw samples from a trained chip."""
    from neurosim.report import write_samples
    from neurosim.runs import Run
    from neurosim.runs import sample as draw

    out = out or run / "samples.png"
    opened = Run.open(run)
    write = write_samples(out)
    bar = _Bar("sampling")
    x, settings = draw(opened, n, mode=mode, t_end=t_end, seed=seed, progress=bar)
    bar.close()
    write(x)
    if as_json:
        _print_json({"file": str(out), "n": n, "seed": seed} | settings.model_dump())
        return
    click.echo(f"{out}: {n} samples, mode {settings.mode}, t = {settings.t_end:g}")


def _evaluate(run: Run, n: int, mode: str | None, t_end: float | None, seed: int) -> dict[str, Any]:
    """Evaluate a run and keep the result in its folder."""
    from neurosim.files import write_text
    from neurosim.runs import evaluate as judge

    bar = _Bar("sampling")
    result, _ = judge(run, n, mode=mode, t_end=t_end, seed=seed, progress=bar)
    bar.close()
    write_text(run.path / "evaluation.json", json.dumps(result, indent=2) + "\n")
    return result


@click.command()
@RUN
@click.option(
    "-n", type=click.IntRange(min=7), default=2000, show_default=True, help="Number of samples."
)
@click.option("--mode", type=MODES, help="How they are drawn, instead of the experiment's way.")
@click.option("--t-end", type=POSITIVE, help="Generation time.  [default: 1.2]")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the starting noise.")
@JSON
def evaluate(
    run: Path, n: int, mode: str | None, t_end: float | None, seed: int, as_json: bool
) -> None:
    """Judge a trained chip's samples against the real digits.

    Beside it stand three rows that need no chip: real digits against real ones (the floor), real
    ones with noise, and one Gaussian fitted to them (the dumb baseline).
    """
    from neurosim.runs import Run

    result = _evaluate(Run.open(run), n, mode, t_end, seed)
    if as_json:
        _print_json(result)
        return
    click.echo("\n".join(_metric_lines(result)))


@click.command()
@RUN
@click.option("--to", "file", type=FOLDER, required=True, help="File to write, ending in .csv.")
@JSON
def export(run: Path, file: Path, as_json: bool) -> None:
    """Write the weight table of a trained chip."""
    from neurosim.export import export as export_table
    from neurosim.runs import Run

    n_rows = export_table(Run.open(run).chip(), file)
    if as_json:
        _print_json({"file": str(file), "rows": n_rows})
        return
    click.echo(f"{file}: {n_rows} couplings and biases")


@click.command()
@RUN
@JSON
def report(run: Path, as_json: bool) -> None:
    """Write the report page of a run again, with its newest evaluation."""
    from neurosim.report import write_report
    from neurosim.runs import Run

    path = write_report(Run.open(run))
    if as_json:
        _print_json({"file": str(path)})
        return
    click.echo(f"{path}")


@click.command()
@click.argument("what", type=click.Choice(["settle", "train"]), default="settle")
@click.option("--rows", type=COUNT, default=1797, show_default=True, help="Batch that settles.")
@click.option("--repeats", type=COUNT, default=5, show_default=True, help="Interleaved repeats.")
@click.option("--threads", type=COUNT, default=2, show_default=True, help="Of our engines.")
@click.option("--no-peers", is_flag=True, help="Leave other programs out; they take minutes.")
@JSON
def bench(what: str, rows: int, repeats: int, threads: int, no_peers: bool, as_json: bool) -> None:
    """Time engines and, where installed, other programs on this machine.

    `settle` is one free phase of 30 tau at an error of 1e-3; `train` is one full update at the
    paper's settings. Peers: SciPy's solve_ivp; diffrax, ngspice and PyTorch if installed.
    """
    from neurosim.bench import bench_settle, bench_train
    from neurosim.data import load_digits

    if rows > len(load_digits()[0]):
        raise DataError(f"bench --rows must be at most 1797, the digits there are, but is {rows}.")
    run = bench_settle if what == "settle" else bench_train
    table = run(
        rows,
        repeats,
        n_threads=threads,
        peers=not no_peers,
        report=lambda text: click.echo(text, err=True),
    )
    if as_json:
        _print_json(table)
        return
    click.echo(f"{'law':>9} {'weights':>8}  {'engine':32} {'evals':>6} {'error':>8} {'seconds':>9}")
    for row in table:
        error = "" if row["max_error"] is None else f"{row['max_error']:.1e}"
        ratio = row["ratio_to_four_gemms"]
        click.echo(
            f"{row['law']:>9} {row.get('weights', 'trained'):>8}  {row['engine']:32} "
            f"{row['evaluations'] or '':>6} {error:>8} {row['wall_s']:>9.4g}"
            + (f"  {ratio:.2f} x products" if ratio else "")
        )
