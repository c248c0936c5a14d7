"""A sweep by the workers of a Dask cluster that Slurm starts: `python jobs.py SWEEP OUT --jobs 8`.

Needs dask-jobqueue beside neurosim's extra `cluster`; `--here` starts the workers on this machine.
"""

import argparse
from pathlib import Path

from neurosim.blocks.files import load_block
from neurosim.sweeps import Sweep, SweepFolder, Workers, run_sweep


def cluster_of(jobs: int, here: bool):
    """Workers of one thread each, as the same bits everywhere ask for."""
    if here:
        from distributed import LocalCluster

        return LocalCluster(
            n_workers=jobs, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        )
    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(cores=1, processes=1, memory="1GB", walltime="04:00:00")
    cluster.scale(jobs=jobs)
    return cluster


def main() -> None:
    """Do what is left of a sweep, and say how far it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sweep", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--here", action="store_true")
    options = parser.parse_args()
    plan = load_block(options.sweep, Sweep)
    folder = SweepFolder.create(options.out, plan, options.sweep.parent, resume=True)
    with cluster_of(options.jobs, options.here) as cluster:
        run_sweep(
            folder,
            Workers(dask=cluster.scheduler_address),
            progress=lambda done, total, _rows: print(f"{done} of {total} points", flush=True),
        )
    print(folder.path / "results.csv")


if __name__ == "__main__":
    main()
