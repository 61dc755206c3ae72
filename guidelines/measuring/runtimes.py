"""The runtimes that are installed, each imported only when it is to run something."""

from __future__ import annotations

import time
from functools import partial
from importlib.util import find_spec

from costmodel.errors import ModelError
from guidelines.measuring.origin import origin
from guidelines.measuring.trial import Runtime

EXTRAS = {"onnxruntime": "measure", "fvcore": "measure", "scipy": "measure", "torch": "torch"}
"""The extra that brings a package."""


def require(*packages: str) -> None:
    """See that packages are installed, without importing them.

    Raises:
        ModelError: one is not.

    >>> require("onnxruntime")
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        extras = ",".join(sorted({EXTRAS[name] for name in missing}))
        raise ModelError(
            f"expected {' and '.join(missing)} to measure with, found none; "
            f"pip install 'guidelint[{extras}]'"
        )


def onnx_runtime(threads: int) -> Runtime:
    """ONNX Runtime's CPU provider at its highest level of optimisation."""
    from guidelines.measuring.onnx_runtime import runner

    return Runtime(
        name="ONNX Runtime", runner=partial(runner, threads=threads),
        clock=time.thread_time if threads == 1 else time.perf_counter,
        origin=origin(threads=threads),
    )  # fmt: skip


def pytorch(threads: int) -> Runtime:
    """PyTorch as it stands, on CUDA where there is one."""
    from guidelines.measuring.torch_runtime import clock, device, runner

    return Runtime(
        name="PyTorch", runner=partial(runner, threads=threads), clock=clock(threads),
        origin=origin(threads=threads, device=device()),
    )  # fmt: skip
