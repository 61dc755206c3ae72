"""How many candidates a second: an Operator over arrays, compiled formulas, a whole network.

    python tests/benchmarks/sweep.py [MILLIONS]

Rates are of this machine; the ratios, taken in one run, say what an optimisation is worth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np

from costmodel import Conv
from costmodel.algebra import at, compiled, plain, sweep, symbols
from costmodel.dims import Dim
from costmodel.frontends.code import Network
from costmodel.graph import Graph


def mobilenet(c: Dim, s: Dim) -> Graph:
    """MobileNet V1 (arXiv 1704.04861, table 1) from a stem of c channels, on s x s pixels."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, s, s), c, k=3, stride=2)
    body = [(2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (16, 2), *[(16, 1)] * 5, (32, 2), (32, 1)]
    for wider, stride in body:
        x = net.conv_bn_relu(x, x.c, k=3, stride=stride, groups=x.c)
        x = net.conv_bn_relu(x, wider * c)
    return net.graph(net.fully_connected(net.flatten(net.global_average_pool(x)), 1000))


def rate(count: int, run: Callable[[], object], repeats: int = 5) -> float:
    """Millions a second, the best of some runs."""
    best = float("inf")
    for _ in range(repeats):
        start = perf_counter()
        run()
        best = min(best, perf_counter() - start)
    return count / best / 1e6


def show(what: str, measured: float, base: float) -> None:
    print(f"{what:46}{measured:12.4f} M/s {measured / base:10.2f}")


def main(millions: float) -> None:
    count = int(millions * 1e6)
    rng = np.random.default_rng(0)
    c_in, c_out, h = (rng.integers(1, 1000, count).astype(float) for _ in range(3))
    conv = plain(h="h", w="h", k_h=3, k_w=3)
    formulas, traffic = compiled(conv), compiled(conv.cost.memory_access)
    over_arrays = {"c_in": c_in, "c_out": c_out, "h_in": h, "w_in": h, "h": h, "w": h}
    whole = sweep.BLOCK
    print(f"{count:,} convolutions; the last column is relative to the Operator over arrays")
    base = rate(count, lambda: Conv(**over_arrays, k_h=3, k_w=3).cost)
    show("Operator over arrays: all seven fields", base, base)
    show("compiled: all seven fields", rate(count, lambda: formulas(c_in, c_out, h)), base)
    show("compiled: memory access", rate(count, lambda: traffic(c_in, c_out, h)), base)
    sweep.BLOCK = count
    show("… not in blocks", rate(count, lambda: traffic(c_in, c_out, h)), base)
    sweep.BLOCK = whole

    count //= 10
    c, s = rng.integers(8, 64, count), rng.integers(96, 331, count)
    graph = mobilenet(*symbols("c s"))
    cost = graph.cost
    start = perf_counter()
    network = compiled(graph, "c", "s")
    print(
        f"\n{count:,} networks of {len(graph)} layers, compiled in {perf_counter() - start:.2f} s;"
    )
    print("the last column is relative to building each candidate from ints")
    each = rate(5, lambda: [mobilenet(32, 224 + i) for i in range(5)], 3)
    show("built from ints, one after the other", each, each)
    show(
        "at(), one after the other",
        rate(20, lambda: [at(cost, c=8, s=96 + i) for i in range(20)]),
        each,
    )
    show("compiled: all seven fields", rate(count, lambda: network(c, s)), each)
    sweep.BLOCK = count
    show("… not in blocks", rate(count, lambda: network(c, s)), each)
    assert network(32, 224).madds == mobilenet(32, 224).cost.madds == 568740352


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10)
