"""ONNX Runtime's CPU provider: sessions to run, graphs as it optimises them, times per node."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from costmodel.frontends.onnx.write import write
from costmodel.graph import Graph
from guidelines.measuring.clock import Run, Times

LEVELS = {
    "none": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


@dataclass(frozen=True, slots=True)
class Profiled:
    """A node as the runtime ran it: its name, type and output, and what each run took."""

    name: str
    op_type: str
    output_bytes: int
    times: Times


def runner(
    model: Graph | onnx.ModelProto, *, level: str = "all", threads: int = 1, seed: int = 0
) -> Run:
    """A call that runs the network once, on the same random input each time.

    Args:
        model: a network built in code, for which weights are made up, or a model with its own.
        level: what the runtime may fuse: none, basic, extended, all.
        threads: how many it may use.
        seed: of weights and inputs.
    """
    session = _session(_model(model, seed), _options(level, threads))
    inputs = made_up_inputs(session, seed)
    outputs = [each.name for each in session.get_outputs()]
    return lambda: session.run(outputs, inputs)


def profile(
    model: Graph | onnx.ModelProto, *, level: str = "all", rounds: int = 30, warmup: int = 3,
    seed: int = 0,
) -> list[Profiled]:  # fmt: skip
    """What each node takes inside a run of the network on one thread, in order of execution."""
    with tempfile.TemporaryDirectory() as folder:
        options = _options(level, 1)
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = _session(_model(model, seed), options)
        inputs = made_up_inputs(session, seed)
        for _ in range(warmup + rounds):
            session.run(None, inputs)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    ran = [
        event for event in events
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time")
    ]  # fmt: skip
    count = len(ran) // (warmup + rounds)
    seconds = np.array([event["dur"] * 1e-6 for event in ran]).reshape(warmup + rounds, count)
    return [
        Profiled(
            name=event["name"].removesuffix("_kernel_time"),
            op_type=event["args"]["op_name"],
            output_bytes=int(event["args"]["output_size"]),
            times=Times(seconds[warmup:, position]),
        )
        for position, event in enumerate(ran[:count])
    ]


def optimised(model: Graph | onnx.ModelProto, *, level: str = "all") -> onnx.ModelProto:
    """The graph that the runtime makes of a network before it runs it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "optimised.onnx"
        options = _options(level, 1)
        options.optimized_model_filepath = str(path)
        _session(_model(model, 0), options)
        return onnx.load(path)


def made_up_inputs(
    session: onnxruntime.InferenceSession, seed: int = 0
) -> Mapping[str, npt.NDArray[np.generic]]:
    """Random values for every input; free dimensions are 1."""
    random = np.random.default_rng(seed)
    made = {}
    for each in session.get_inputs():
        shape = [size if isinstance(size, int) else 1 for size in each.shape]
        dtype = KINDS.get(each.type, np.float32)
        made[each.name] = random.random(shape).astype(dtype)
    return made


KINDS: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64,
    "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8, "tensor(bool)": np.bool_,
}  # fmt: skip


def _model(model: Graph | onnx.ModelProto, seed: int) -> onnx.ModelProto:
    return write(model, weights=True, seed=seed) if isinstance(model, Graph) else model


def _options(level: str, threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _session(
    model: onnx.ModelProto, options: onnxruntime.SessionOptions
) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
