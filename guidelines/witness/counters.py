"""One network counted by guidelint, by torch and by fvcore.

Only this module of ``guidelines`` imports ``torch`` and ``fvcore``.
"""

from __future__ import annotations

import inspect
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.flop_counter import FlopCounterMode

from costmodel.errors import ModelError
from costmodel.frontends.torch import Exported
from costmodel.frontends.torch.inputs import arguments
from costmodel.frontends.torch.tracing import inferring
from costmodel.graph import Graph
from guidelines.witness.conventions import Call

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it scripts a function, which torch deprecates
    from fvcore import nn as fvcore

SAME = {
    **{f"conv{n}d": "conv" for n in (1, 2, 3)}, "convolution": "conv",
    **{f"conv_transpose{n}d": "conv" for n in (1, 2, 3)},
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), "linear"),
}  # fmt: skip
"""Operators that fvcore has under another name: a cell as the two products that it makes."""


def calls(exported: Exported, graph: Graph) -> Iterator[Call]:
    """Every call of a torch operator, with what guidelint and torch count for it.

    What guidelint counts for a node that no call made comes last, as the operator "?".

    Args:
        exported: the network.
        graph: what guidelint made of it.
    """
    ours: dict[str, Counter[str]] = {}
    folded = [node for node in exported.unfolded().layers if node.name not in graph]
    for node in (*graph.layers, *folded):
        tally = ours.setdefault(exported.calls.get(node.name, "?"), Counter())
        if node.name in graph:
            tally.update(madds=node.cost.madds, ops=node.cost.ops)
        else:
            tally.update(folded=node.cost.madds)
        tally.update(writes=node.cost.writes if node.cost.madds else 0)
    for each in exported.program.graph.nodes:
        if not isinstance(each.target, torch._ops.OpOverload):
            continue
        given = torch.fx.map_arg((each.args, each.kwargs), lambda node: node.meta["val"])
        modules = list(each.meta.get("nn_module_stack", {}).values())
        returned = [t for t in tree_leaves(each.meta["val"]) if isinstance(t, torch.Tensor)]
        yield Call(
            operator=operator(each.target),
            scope=modules[-1][0] if modules else "",
            arguments=tree_map(_shape, given[0]),
            result=tuple(returned[0].shape) if returned else (),
            torch=_by_torch(each.target, *given),
            **ours.pop(each.name, Counter()),
        )
    for tally in filter(Counter.total, ours.values()):
        yield Call(operator="?", scope="", arguments=(), result=(), **tally)


def operator(target: Any) -> str:
    """The name that fvcore has for an operator of torch.

    >>> operator(torch.ops.aten.conv2d.default), operator(torch.ops.aten.conv2d.padding)
    ('conv', '_convolution_mode')
    """
    name: str = target._schema.name.partition("::")[2]
    return "_convolution_mode" if target._overloadname == "padding" else SAME.get(name, name)


def _shape(value: Any) -> Any:
    return tuple(value.shape) if isinstance(value, torch.Tensor) else value


def _by_torch(target: Any, args: Any, kwargs: Any) -> int:
    """Multiply-adds by torch's own counter, on the meta device, where nothing is computed."""

    def meta(value: Any) -> Any:
        if isinstance(value, torch.device):
            return torch.device("meta")
        return torch.empty_like(value, device="meta") if isinstance(value, torch.Tensor) else value

    with FlopCounterMode(display=False) as counter:
        try:
            target(*tree_map(meta, args), **tree_map(meta, kwargs))
        except Exception:  # noqa: BLE001  its result depends on values: no product's does
            return 0
    return int(counter.get_total_flops()) // 2


@dataclass(frozen=True, slots=True)
class Fvcore:
    """What fvcore counts.

    Args:
        flops, activations: by the path of the module that makes the call, and by operator.
        params: of the whole network.
    """

    flops: Mapping[str, Counter[str]]
    activations: Mapping[str, Counter[str]]
    params: int


def by_fvcore(module: torch.nn.Module, example_inputs: Any) -> Fvcore:
    """Count with fvcore, which runs the network on this machine.

    Raises:
        ModelError: it cannot trace the network.
    """
    args, kwargs = arguments(module, example_inputs)
    bound = inspect.signature(module.forward).bind(*args, **kwargs)
    if bound.kwargs:
        raise ModelError(
            "expected inputs that can be given by position, as fvcore gives them, found "
            + ", ".join(bound.kwargs)
        )
    counted = []
    with _running(module):
        for analysis in (
            fvcore.FlopCountAnalysis(module, bound.args),
            fvcore.ActivationCountAnalysis(module, bound.args),
        ):
            for name, handle in list(analysis._op_handles.items()):
                analysis.set_op_handle(name, _forgiving(handle))
            analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
            try:
                counts = analysis.by_module_and_operator()
            except Exception as error:  # whatever the network's own code raises
                said = f"{type(error).__name__}: {error}".splitlines()[0]
                raise ModelError(
                    f"expected a network that fvcore can trace, found {said}"
                ) from error
            counted.append({path: _own(path, counts) for path in counts})
    flops, activations = counted
    return Fvcore(flops, activations, int(fvcore.parameter_count(module)[""]))


@contextmanager
def _running(module: torch.nn.Module) -> Iterator[None]:
    """Ready to be traced: inferring, one operator a step, tensors alone returned."""
    whole = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    flat = module.register_forward_hook(
        lambda _, __, made: tuple(t for t in tree_leaves(made) if isinstance(t, torch.Tensor))
    )
    try:
        with inferring(module), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        flat.remove()
        torch.backends.mha.set_fastpath_enabled(whole)


def _forgiving(handle: Callable[..., Any]) -> Callable[..., Any]:
    """The handle, counting nothing where it fails, so that the rest of the network is counted."""

    def count(inputs: Any, outputs: Any) -> Any:
        try:
            return handle(inputs, outputs)
        except (AssertionError, IndexError, TypeError, ValueError):
            return Counter()

    return count


def _own(path: str, counts: Mapping[str, Counter[str]]) -> Counter[str]:
    """A module's own calls, without those of the modules in it."""
    own = Counter(counts[path])
    for inner in counts:
        if inner and inner != path and inner.rpartition(".")[0] == path:
            own.subtract(counts[inner])
    return Counter({name: int(count) for name, count in own.items() if count})


def unused(module: torch.nn.Module, exported: Exported) -> int:
    """Elements of the parameters that no output depends on."""
    placed = exported.program.graph_signature.inputs_to_parameters
    used = {
        id(module.get_parameter(placed[node.name]))
        for node in exported.program.graph.nodes
        if node.name in placed and node.users
    }
    return sum(p.numel() for p in module.parameters() if id(p) not in used)
