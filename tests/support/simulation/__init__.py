"""A fleet in one process: the real decisions on every node, under a virtual clock, over simulated links and disks.

Nothing here decides anything: commands become events after a delay, as the real hands would bring them. The tests and
``benchmarks.simulation`` use it; it is no part of the engine.
"""
