"""PyTorch: networks built in code as modules, run on a CPU or on CUDA and counted by fvcore.

The only user of torch and fvcore here; nothing imports it before something is to be measured.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.backends import cudnn
from torch.nn import functional as F

from costmodel.errors import ModelError
from costmodel.frontends.onnx.write import write
from costmodel.graph import Graph, Node
from costmodel.tensor import INTEGERS
from guidelines.measuring.clock import Run

Step = Callable[..., Any]
Attributes = Mapping[str, Any]


class Interpreted(torch.nn.Module):  # type: ignore[misc]
    """A network built in code, run node by node; a map is let go after its last reader.

    Args:
        graph: the network, every dimension an int.
        weights: the parameters by tensor name, or the seed to make them up from.

    Raises:
        ModelError: an operator that is not among ``STEPS``.
    """

    def __init__(self, graph: Graph, weights: Mapping[str, npt.NDArray[np.float32]] | int = 0):
        super().__init__()
        given = made_up(graph, weights) if isinstance(weights, int) else weights
        self.held = torch.nn.ParameterList(
            torch.nn.Parameter(torch.from_numpy(value.copy()), requires_grad=False)
            for value in given.values()
        )
        self._at = {name: i for i, name in enumerate(given)}
        self._integers = _integers(graph)
        self._inputs, self._outputs = tuple(graph.inputs), graph.outputs
        nodes = list(graph.layers)
        last = {name: step for step, node in enumerate(nodes) for name in node.inputs}
        self._steps = [
            (_step(node), node.inputs, node.outputs,
             [n for n in set(node.inputs) if last[n] == step and n not in graph.outputs])
            for step, node in enumerate(nodes)
        ]  # fmt: skip

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The network's outputs, in their order."""
        values: dict[str, Any] = dict(zip(self._inputs, inputs, strict=True))
        values.update(self._integers)
        values.update((name, self.held[i]) for name, i in self._at.items())
        for step, reads, writes, done in self._steps:
            made = step(*(values[name] for name in reads))
            values.update(zip(writes, [made] if isinstance(made, Tensor) else made, strict=True))
            for name in done:
                del values[name]
        return tuple(values[name] for name in self._outputs)


def runner(graph: Graph, *, threads: int = 1, seed: int = 0) -> Run:
    """A call that runs the network once, on the same random input each time.

    On CUDA a run replays a CUDA graph, so that it takes what the device takes and not what the
    interpreter takes to feed it, in float32 throughout, with cuDNN's fastest algorithms.

    Args:
        graph: a network built in code, for which weights are made up.
        threads: how many the process may use on a CPU.
        seed: of weights and inputs.
    """
    torch.set_num_threads(threads)
    module = Interpreted(graph, seed).eval()
    random = np.random.default_rng(seed)
    inputs = [torch.from_numpy(random.random(shape, np.float32)) for shape in graph.inputs.values()]
    if torch.cuda.is_available():
        return _captured(module.cuda(), [each.cuda() for each in inputs])

    def run() -> tuple[Tensor, ...]:
        with torch.inference_mode():
            return module(*inputs)  # type: ignore[no-any-return]

    return run


def clock(threads: int = 1) -> Callable[[], float]:
    """What to time runs by, in seconds: events on CUDA, else this thread's time or the wall's."""
    if torch.cuda.is_available():
        return _events()
    return time.thread_time if threads == 1 else time.perf_counter


def device() -> str:
    """The accelerator's name, "" where a CPU runs the networks."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


def madds(graph: Graph) -> int:
    """The network's multiply-adds as ``fvcore.nn.FlopCountAnalysis`` counts them.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> madds(net.graph(net.relu(net.conv(net.input(3, 8, 8), 4, k=3))))  # 8*8 * 4*3*3*3
    6912
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is written against an older torch
        from fvcore.nn import FlopCountAnalysis

        inputs = tuple(torch.zeros(shape) for shape in graph.inputs.values())
        count = FlopCountAnalysis(Interpreted(graph), inputs)
        return int(count.unsupported_ops_warnings(False).total())


def made_up(graph: Graph, seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    """The weights that ``write`` stores, by tensor name: every runtime gets the same numbers."""
    stored = write(graph, weights=True, seed=seed).graph.initializer
    return {
        each.name: np.frombuffer(each.raw_data, np.float32).reshape(each.dims)
        for each in stored
        if each.data_type == each.FLOAT
    }


def _integers(graph: Graph) -> dict[str, tuple[Any, ...]]:
    """Lists of integers that operators take, by name: as told, or another map's shape."""
    return {
        name: graph.tensors[tensor.value].dims if isinstance(tensor.value, str) else tensor.value
        for name, tensor in graph.tensors.items()
        if tensor.constant and tensor.value is not None and tensor.dtype in INTEGERS
    }  # fmt: skip


def _captured(module: torch.nn.Module, inputs: list[Tensor]) -> Run:
    """The module's kernels recorded once, after runs in which cuDNN picks its algorithms."""
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.inference_mode(), cudnn.flags(enabled=True, benchmark=True, allow_tf32=False):
        with torch.cuda.stream(beside):
            for _ in range(3):
                module(*inputs)
        torch.cuda.current_stream().wait_stream(beside)
        recorded = torch.cuda.CUDAGraph()
        with torch.cuda.graph(recorded):
            module(*inputs)
    replay: Run = recorded.replay
    return replay


def _events() -> Callable[[], float]:
    """Seconds by the device's own clock: each call waits for all that was begun before it.

    Milliseconds between events are float32, so steps are added up rather than one long stretch.
    """
    at, total = _event(), 0.0

    def clock() -> float:
        nonlocal at, total
        now = _event()
        now.synchronize()
        total += float(at.elapsed_time(now)) / 1000
        at = now
        return total

    return clock


def _event() -> torch.cuda.Event:
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


def _step(node: Node) -> Step:
    """The node as a function of its inputs."""
    if node.op_type not in STEPS:
        raise ModelError(
            f"expected operators of {', '.join(STEPS)}, found {node.op_type} at {node.label}; "
            "run the network with ONNX Runtime"
        )
    return STEPS[node.op_type](node.attributes)


def _window(given: Attributes) -> dict[str, Any]:
    pads = given.get("pads", [0, 0, 0, 0])
    if given.get("auto_pad", "NOTSET").startswith("SAME"):
        raise ModelError(f"expected padding in numbers, found {given['auto_pad']}")
    if pads[:2] != pads[2:]:
        raise ModelError(f"expected the same padding on both sides, found {pads}")
    return {"stride": given.get("strides", [1, 1]), "padding": pads[:2]}


def _conv(given: Attributes) -> Step:
    dilation, groups = given.get("dilations", [1, 1]), given.get("group", 1)
    return partial(F.conv2d, dilation=dilation, groups=groups, **_window(given))


def _max_pool(given: Attributes) -> Step:
    ceil = bool(given.get("ceil_mode", 0))
    return partial(
        F.max_pool2d, kernel_size=given["kernel_shape"], ceil_mode=ceil, **_window(given)
    )


def _average_pool(given: Attributes) -> Step:
    return partial(
        F.avg_pool2d, kernel_size=given["kernel_shape"],
        ceil_mode=bool(given.get("ceil_mode", 0)),
        count_include_pad=bool(given.get("count_include_pad", 0)), **_window(given),
    )  # fmt: skip


def _reshape(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x.reshape([x.shape[i] if d == 0 else d for i, d in enumerate(shape)])


STEPS: Mapping[str, Callable[[Attributes], Step]] = {
    "Conv": _conv,
    "BatchNormalization": lambda given: (
        lambda x, scale, shift, mean, var: F.batch_norm(
            x, mean, var, scale, shift, eps=given.get("epsilon", 1e-5)
        )
    ),
    "Relu": lambda given: F.relu,
    "Sigmoid": lambda given: torch.sigmoid,
    "Add": lambda given: torch.add,
    "Mul": lambda given: torch.mul,
    "Concat": lambda given: lambda *maps: torch.cat(maps, given["axis"]),
    "Split": lambda given: lambda x, lengths: torch.split(x, lengths, given["axis"]),
    "Reshape": lambda given: _reshape,
    "Transpose": lambda given: lambda x: x.permute(given["perm"]).contiguous(),
    "Flatten": lambda given: lambda x: x.flatten(given.get("axis", 1)),
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": lambda given: lambda x: x.mean((2, 3), keepdim=True),
    "Gemm": lambda given: F.linear,
}
"""What runs an operator on 2-D maps, given its attributes; Gemm as the code front end writes it."""
