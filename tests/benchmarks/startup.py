"""Whole-process cost of ``guidelint``, against the imports that it cannot do without.

Run with ``make benchmark``. Prints CPU seconds (the least of several runs, user and system),
peak memory, and the ratio to ``python -c "import onnx, networkx"`` in the same run; asserts
nothing, because a timed test on a shared machine proves nothing. Modules are compiled before, as
they are where guidelint is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 5


def measure(command: list[str], compiled: str, runs: int = RUNS) -> tuple[float, float]:
    """CPU seconds and peak MB of a command: the least of several runs, after one warm-up.

    Args:
        command: what to run.
        compiled: folder of the modules that the warm-up compiles.
        runs: how often.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
    seconds, memory = [], []
    for _ in range(runs + 1):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status not in {0, 256}:
            raise SystemExit(f"{' '.join(command)} ended with status {status}")
        seconds.append(usage.ru_utime + usage.ru_stime)
        memory.append(usage.ru_maxrss / 1024)
    return min(seconds[1:]), min(memory[1:])


def chain(
    path: Path, *, layers: int, c: int, hw: int, k: int = 3, elementwise: bool = False
) -> None:
    """A stack of convolutions of equal width, each with stored weights and a ReLU."""
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    nodes, weights = [], []
    for i in range(layers):
        source = "x" if i == 0 else f"r{i - 1}"
        if elementwise and i % 50:
            nodes.append(helper.make_node("Sigmoid", [source], [f"c{i}"], name=f"sigmoid{i}"))
        else:
            data = np.full((c, c, k, k), 0.01, np.float32)
            weights.append(numpy_helper.from_array(data, f"w{i}"))
            nodes.append(
                helper.make_node(
                    "Conv", [source, f"w{i}"], [f"c{i}"], name=f"conv{i}", pads=[k // 2] * 4
                )
            )
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"], name=f"relu{i}"))
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, c, hw, hw])
    result = helper.make_tensor_value_info(f"r{layers - 1}", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "chain", [value], [result], weights)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path
    )


FILES = ("resnet50.onnx", "large.onnx", "long.onnx")


def make(folder: Path) -> None:
    """Write the files; in a process of its own, whose memory the measured ones do not inherit."""
    import onnx

    from costmodel.frontends.onnx.write import write
    from costmodel.networks import resnet_50

    small, large, long = (folder / name for name in FILES)
    onnx.save(write(resnet_50(), weights=True), small)
    chain(large, layers=50, c=512, hw=14)
    chain(long, layers=5000, c=16, hw=28, elementwise=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, folder], check=True)
        small, large, long = (Path(folder) / name for name in FILES)
        compiled = str(Path(folder) / "compiled")
        base, base_memory = measure([sys.executable, "-c", "import onnx, networkx"], compiled)
        print(f"{'command':44} {'CPU s':>7} {'ratio':>6} {'peak MB':>8}")
        print(f"{'import onnx, networkx':44} {base:7.3f} {1:6.2f} {base_memory:8.0f}")
        for label, path in (("ResNet-50", small), ("large", large), ("10,000 nodes", long)):
            size = path.stat().st_size / 1e6
            seconds, memory = measure([sys.executable, "-m", "guidelines", str(path)], compiled)
            name = f"guidelint, {label} ({size:.0f} MB)"
            print(f"{name:44} {seconds:7.3f} {seconds / base:6.2f} {memory:8.0f}")
        load = f"import onnx; onnx.load({str(large)!r})"
        seconds, memory = measure([sys.executable, "-c", load], compiled, runs=3)
        print(
            f"{'onnx.load of the large file':44} {seconds:7.3f} {seconds / base:6.2f} {memory:8.0f}"
        )


if __name__ == "__main__":
    make(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
