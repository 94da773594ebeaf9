"""Every benchmark, in the order in which ``./dev bench`` runs them."""

from benchmarks import console, fan_out, links, memory, notice, partition, simulation, transfer
from benchmarks.benchmark import Benchmark

BENCHMARKS: tuple[Benchmark, ...] = (
    transfer.BENCHMARK,
    memory.BENCHMARK,
    notice.BENCHMARK,
    fan_out.BENCHMARK,
    links.BENCHMARK,
    partition.BENCHMARK,
    console.BENCHMARK,
    simulation.BENCHMARK,
)
