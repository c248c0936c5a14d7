"""The group of all commands, and how errors reach a person: one clear line, exit status 2."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

import click

from neurosim.cli.bench import bench
from neurosim.cli.common import say
from neurosim.cli.evaluate import evaluate
from neurosim.cli.explain import explain
from neurosim.cli.export import export
from neurosim.cli.fit import fit
from neurosim.cli.import_ import import_
from neurosim.cli.new import new
from neurosim.cli.noise import noise
from neurosim.cli.plan import plan
from neurosim.cli.predict import predict
from neurosim.cli.profiles import profiles
from neurosim.cli.quickstart import quickstart
from neurosim.cli.repeat import repeat
from neurosim.cli.report import report
from neurosim.cli.sample import sample
from neurosim.cli.settling import settling
from neurosim.cli.sweep import sweep
from neurosim.cli.train import train
from neurosim.cli.validate import validate
from neurosim.errors import NeurosimError
from neurosim.signals import Stopped, on_signals, stopping_after_loading

__all__ = ["main"]


class _Group(click.Group):
    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Leave with one line where standard output cannot take what is printed."""
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except OSError as error:
            # What is left in the buffer would fail once more at the end of the process.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if isinstance(error, BrokenPipeError):
                sys.exit(1)
            text = f"Standard output must be writable, but is not ({error.strerror})"
            with suppress(OSError):
                say(f"neurosim: {text}; make room, or send it elsewhere.", err=True)
            sys.exit(2)

    def invoke(self, ctx: click.Context) -> Any:
        """Let the command work until it is done or a signal ends it."""
        with on_signals(stopping_after_loading):
            return self._work(ctx)

    def _work(self, ctx: click.Context) -> Any:
        """Print the text of an error alone; leave with 2, or with 130 after Ctrl-C."""
        try:
            return super().invoke(ctx)
        except NeurosimError as error:
            say(f"neurosim: {error.at_command_line}", err=True)
            sys.exit(2)
        except KeyboardInterrupt as cause:
            stopped = cause if isinstance(cause, Stopped) else Stopped()
            say(f"neurosim: {stopped}", err=True)
            sys.exit(stopped.status)
        except BrokenPipeError:
            sys.exit(1)
        except MemoryError as error:
            text = "there is not enough memory; ask for less at once, or for a smaller network"
            say(f"neurosim: {text} ({error}).", err=True)
            sys.exit(2)


_HELP = """Simulate neuromorphic hardware that learns by equilibrium propagation.

\b
First steps:
  neurosim quickstart                      train, sample and report in minutes
  neurosim profiles                        the chips that come with neurosim
  neurosim profiles check mine.yaml        what is wrong or odd in your own
  neurosim profiles noise cmos_rc_6bit     which imperfection hurts, best beta
  neurosim train --profile cmos_rc_6bit --out runs/mine
  neurosim evaluate runs/mine              how good are its samples?
  neurosim explain runs/mine               why, and what would help
  neurosim export runs/mine --to w.csv     the weight table
  neurosim sweep FILE                      a grid of chips, recipes, samplings
  neurosim settling cmos_rc_6bit           how long it must settle
"""


@click.group(cls=_Group, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="neurosim-eqprop", prog_name="neurosim")
def main() -> None:
    """Group of all commands."""


profiles.add_command(noise)
for command in (
    quickstart,
    profiles,
    train,
    sample,
    evaluate,
    predict,
    sweep,
    settling,
    explain,
    export,
    import_,
    plan,
    validate,
    repeat,
    report,
    bench,
):
    main.add_command(command)
profiles.add_command(fit)
profiles.add_command(new)
