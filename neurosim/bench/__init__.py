"""What settling and training cost: on this machine, beside other programs, and on a chip."""

from neurosim.bench.energy import FORMULAS, energy_table
from neurosim.bench.settle import bench_settle
from neurosim.bench.train import bench_train

__all__ = ["FORMULAS", "bench_settle", "bench_train", "energy_table"]
