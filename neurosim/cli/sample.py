"""The command that draws: samples, samples of one class, and completions of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from neurosim.cli.bar import Bar
from neurosim.cli.common import (
    COUNT,
    DEVICE,
    FOLDER,
    JSON,
    LAWS,
    MODES,
    POSITIVE,
    RUN,
    SEED,
    check_output,
    opened,
    print_json,
    say,
)
from neurosim.errors import DataError
from neurosim.safe_text import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurosim.blocks.block import Block
    from neurosim.runs import Run, Trained

__all__ = ["sample"]


@click.command()
@RUN
@click.option("-n", type=COUNT, default=100, show_default=True, help="Number of samples.")
@click.option("--mode", type=MODES, help="How they are drawn, instead of the experiment's way.")
@click.option("--t-end", type=POSITIVE, help="Generation time.  [default: 1.2; 1 of --inpaint]")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the starting noise.")
@click.option(
    "--class", "label", type=click.IntRange(min=0),
    help="Draw this class only, not each in turn; of a run that was trained with --labels.",
)  # fmt: skip
@click.option(
    "--inpaint",
    metavar="FILE",
    help="Complete images: an .npz, .npy or .csv that says which pixels are unknown; or `digits`.",
)
@click.option(
    "--start",
    type=click.Choice(["rest", "noise", "ramp"]),
    help="Of --inpaint: the unknown pixels start at 0, or from noise; or all pixels from noise."
    "  [default: rest]",
)
@click.option(
    "--out", type=FOLDER,
    help="PNG, NPZ or CSV file; - prints CSV.  "
    "[default: RUN/samples.png; RUN/inpainted.png of --inpaint]",
)  # fmt: skip
@DEVICE
@LAWS
@JSON
def sample(
    run: Path, n: int, mode: str | None, t_end: float | None, seed: int, label: int | None,
    inpaint: str | None, start: str | None, out: Path | None, device: str,
    laws: tuple[type[Block], ...], as_json: bool,
) -> None:  # fmt: skip
    """Draw samples from a trained chip.

    A run that has learned classes draws each of them in turn, or the one of --class.

    The same command draws the same bits. With another -n the first samples start from the same
    noise, but rows that settle together share the solver's steps and draws of noise: the first 100
    of 300 are those of -n 100 only to within these, as a rule a step of the ADC.

    With --inpaint the chip completes images: known pixels are held while it finds the others.
    FILE holds images of the size that the run was trained on, one a row: an .npz with an array
    `images`, either floats from -1 to 1, or whole grey levels 0 to 255 of an integer type such as
    uint8; NaN says where a pixel of a float is unknown, a second array `known` of the same shape,
    true where a pixel is known, says it of either; an .npy of such floats with NaN; or a .csv of
    numbers from -1 to 1, empty where a pixel is unknown. `--inpaint digits` hides the lower half
    of the first -n images that the run was trained on. A PNG then shows known pixels, completions
    and, for `digits`, the truth below each other.
    """
    from neurosim.report import flow_lines, samples_title, write_samples
    from neurosim.runs import pixels_of
    from neurosim.runs import sample as draw
    from neurosim.runs.drawing import settings_of

    trained = opened(run, laws, device)
    if inpaint is not None:
        assert trained.run is not None
        _inpaint(
            trained.run, trained, inpaint, n, out, as_json,
            {"start": start or "rest", "mode": mode, "t_end": t_end, "seed": seed, "label": label},
        )  # fmt: skip
        return
    if start is not None:
        raise DataError("--start is for images to complete; give --inpaint too.")
    out = out or run / "samples.png"
    check_output(out, as_json)
    is_plane = pixels_of(trained.profile, trained.experiment.labels) == 2
    how: dict[str, Any] = {"mode": mode, "t_end": t_end, "seed": seed, "label": label}
    real = trained.dataset.images if is_plane else None
    used = settings_of(trained.experiment, mode, t_end)
    title = samples_title(n, trained.profile.name, used.mode, used.t_end)
    write = write_samples(out, real, lambda: flow_lines(trained, **how), title)
    with Bar("sampling") as bar:
        x, settings = draw(trained, n, progress=bar, **how)
    _warn_of_lost(x)
    write(x)
    if as_json:
        print_json({"file": str(out), "n": n, "seed": seed} | settings.model_dump())
        return
    say(f"{out}: {counted(n, 'sample')}, mode {settings.mode}, t = {settings.t_end:g}", beside=out)


def _warn_of_lost(x: NDArray[np.float64]) -> None:
    """Say how many rows diverged: they are NaN in what is written."""
    import numpy as np

    lost = int(np.count_nonzero(~np.isfinite(x).all(axis=1)))
    if lost:
        text = "lower settling.rtol in the profile, or train with a smaller learning rate"
        say(f"{lost} of {counted(len(x), 'row')} diverged and are NaN; {text}", err=True)


def _inpaint(
    run: Run, trained: Trained, file: str, n: int, out: Path | None, as_json: bool,
    given: dict[str, Any],
) -> None:  # fmt: skip
    """Complete the images of a file, or halves of the run's own, and judge these."""
    from neurosim.folders import exists
    from neurosim.report import write_completions
    from neurosim.runs import halves, inpaint, pixels_of, read_incomplete

    out = out or run.path / "inpainted.png"
    check_output(out, as_json)
    truth = None
    if file == "digits":
        truth = run.dataset.images[:n]
        known = halves(truth)
    else:
        if not exists(Path(file)):
            raise DataError(f"--inpaint must be `digits` or a file, but {file} is none.")
        if click.get_current_context().get_parameter_source("n") is not ParameterSource.DEFAULT:
            raise DataError(
                f"-n is for samples and `--inpaint digits`, but all images of {file} are completed;"
                " leave it out."
            )
        known = read_incomplete(Path(file), pixels_of(run.profile, run.experiment.labels))
    write = write_completions(out)
    with Bar("completing") as bar:
        x, settings = inpaint(trained, known, progress=bar, **given)
    _warn_of_lost(x)
    write(x, known, truth)
    found = {} if truth is None else _compare(run, x, known, truth, given["label"] is None)
    if as_json:
        about = {"file": str(out), "n": len(x), "seed": given["seed"], "start": given["start"]}
        print_json(about | settings.model_dump() | found)
        return
    how = f"mode {settings.mode}, t = {settings.t_end:g}"
    say(f"{out}: {counted(len(x), 'image')} completed, {how}", beside=out)
    for name, row in found.items():
        figures = ", ".join(f"{key.replace('_', ' ')} {value:.3f}" for key, value in row.items())
        say(f"{name:>16}: {figures}", beside=out)


def _compare(
    run: Run,
    x: NDArray[np.float64],
    known: NDArray[np.float64],
    truth: NDArray[np.float64],
    by_class: bool,
) -> dict[str, dict[str, float]]:
    """The chip's completions beside two that need no chip, which never see the image itself.

    They are judged by their class too, unless one was asked for that is not the images' own.
    """
    import numpy as np

    from neurosim.runs import judge_completions, nearest_fill

    dataset, n = run.dataset, len(x)
    labels = dataset.labels[:n] if by_class and dataset.labels is not None else None
    filled = {"this chip": x}
    if n < len(dataset.images):
        others = dataset.images[n:]
        filled["nearest image"] = nearest_fill(known, others)
        filled["mean image"] = np.where(np.isnan(known), others.mean(axis=0), known)
    return {
        name: judge_completions(rows, known, truth, dataset, labels)
        for name, rows in filled.items()
    }
