"""A sweep made in a folder, and its table; and the points of sweeps of an ideal chip."""

from pathlib import Path

from neurosim.sweeps import Sweep, SweepFolder, expand, run_sweep

BASE = {"profile": "ideal_hopfield", "experiment": {"updates": 1, "batch": 8}}


def begin(tiny, out, engine=None, **options):
    file, sweep = tiny
    shard = options.pop("shard", (1, 1))
    folder = SweepFolder.create(out, sweep, file.parent, **options)
    run_sweep(folder, engine, shard=shard)
    return folder


def table(out):
    return (Path(out) / "results.csv").read_bytes()


def made(*axes, base=BASE, **others):
    return expand(Sweep(name="t", base=base, axes=axes, **others))
