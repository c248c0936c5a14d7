"""How fast settling and training are here, beside other programs, and how accurate with noise."""

from neurosim.bench.noise import bench_noise
from neurosim.bench.settle import bench_settle
from neurosim.bench.train import bench_train

__all__ = ["bench_noise", "bench_settle", "bench_train"]
