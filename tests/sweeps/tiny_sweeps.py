"""A sweep made in a folder, and its table."""

from pathlib import Path

from neurosim.sweeps import SweepFolder, run_sweep


def begin(tiny, out, engine=None, **options):
    file, sweep = tiny
    shard = options.pop("shard", (1, 1))
    folder = SweepFolder.create(out, sweep, file.parent, **options)
    run_sweep(folder, engine, shard=shard)
    return folder


def table(out):
    return (Path(out) / "results.csv").read_bytes()
