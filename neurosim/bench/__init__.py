"""How fast settling and training are here, beside other programs."""

from neurosim.bench.settle import bench_settle
from neurosim.bench.train import bench_train

__all__ = ["bench_settle", "bench_train"]
