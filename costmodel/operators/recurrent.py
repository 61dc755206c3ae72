"""Recurrent layers: the same weights for every step of a sequence."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor


@operator("RNN", gates=1, operations=1, weights=(1, 2, 3))  # tanh
@operator(
    "GRU", gates=3, operations=14, weights=(1, 2, 3)
)  # two Sigmoids, tanh, three multiplies, subtract, add
@operator("LSTM", gates=4, operations=18)  # three Sigmoids, two tanh, three multiplies, add
class Recurrent(Operator):
    """An RNN, GRU or LSTM over a sequence, in one direction or both.

    madds = directions*n*seq*gates*hidden*(c_in + hidden)
    ops = directions*n*seq*hidden*(operations + 2*gates*bias + 6*peepholes)
    params = directions*hidden*(gates*(c_in + hidden) + 2*gates*bias + 3*peepholes)
    memory access = n*seq*c_in + params + (initial + steps*seq + last)*directions*n*hidden

    Weights count as read once, not once a step. Each gate has two biases.

    Args:
        n, seq: batch, and steps of the sequence.
        c_in, hidden: width of the input and of the state.
        gates: 1 for an RNN, 3 for a GRU, 4 for an LSTM.
        directions: 1 or 2.
        operations: operations that the activations and products of a state element take.
        bias: 1 with biases, 0 without.
        peepholes: 1 where the cell looks into the gates, 0 where not.
        initial: states that are given.
        steps: 1 where the state of every step is returned, 0 where only the last.
        last: last states that are returned.
        learned: 1 where the weights are constants, 0 where they are computed.

    >>> lstm = Recurrent(seq=10, c_in=80, hidden=80, gates=4, operations=18, bias=1)
    >>> lstm.cost.madds, lstm.cost.params  # 10*4*80*160, 80*(4*160 + 8)
    (512000, 51840)

    References:
        Hochreiter and Schmidhuber, Long Short-Term Memory, 1997, section 4.
        Cho et al., Learning Phrase Representations, arXiv 1406.1078, equations 5 to 8.
    """

    weights: ClassVar[tuple[int, ...] | None] = (1, 2, 3, 7)

    n: Dim = 1
    seq: Dim
    c_in: Dim
    hidden: Dim
    gates: Dim
    directions: Dim = 1
    operations: Dim = 1
    bias: Dim = 0
    peepholes: Dim = 0
    initial: Dim = 0
    steps: Dim = 1
    last: Dim = 0
    learned: Dim = 1

    @property
    def cost(self) -> Cost:
        state = self.directions * self.n * self.hidden
        inner = self.gates * (self.c_in + self.hidden)
        added = 2 * self.gates * self.bias
        held = self.directions * self.hidden * (inner + added + 3 * self.peepholes)
        return Cost(
            params=self.learned * held,
            madds=self.seq * state * inner,
            ops=self.seq * state * (self.operations + added + 6 * self.peepholes),
            weight_reads=self.learned * held,
            reads=self.n * self.seq * self.c_in + self.initial * state + held - self.learned * held,
            writes=(self.steps * self.seq + self.last) * state,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, w: Tensor, r: Tensor, *more: Tensor | None, outputs: tuple[Tensor, ...],
        gates: int, operations: int, hidden_size: int = 0, layout: int = 0, **_: Any,
    ) -> Recurrent:  # fmt: skip
        n, seq, c_in = x.dims if layout else (x.dims[1], x.dims[0], x.dims[2])
        directions, rows, hidden = r.dims
        if hidden != hidden_size and hidden_size and rows == hidden_size:
            rows, hidden = hidden, rows  # stored with its gates in the columns
        if rows != gates * hidden or hidden_size not in (0, hidden):
            raise ModelError(
                f"expected {gates} gates of {hidden_size or hidden} states, found {r.label}"
            )
        if c_in not in w.dims[1:]:
            raise ModelError(f"expected weights for {c_in} features, found {w.label}")
        b, _lengths, *states = [*more, *(None,) * 5][:5]
        given = [t.shape is not None for t in outputs]
        return cls(
            n=n, seq=seq, c_in=c_in, hidden=hidden, gates=gates, directions=directions,
            operations=operations, bias=int(b is not None), peepholes=int(states[2] is not None),
            initial=sum(s is not None for s in states[:2]), learned=int(w.constant),
            steps=sum(given[:1]), last=sum(given[1:]),
        )  # fmt: skip


def _unrolled(inputs: shapes.Inputs, attributes: Any, values: Any) -> shapes.Shapes:
    """ONNX Runtime's quantised LSTM: every state, the last state, the last cell."""
    x, w = shapes.given(inputs, 0), shapes.given(inputs, 1)
    if x.shape is None or w.shape is None:
        return [(x.dtype, None)]
    seq, n, _ = x.shape
    hidden, directions = attributes["hidden_size"], w.shape[0]
    last = (directions, n, hidden)
    return [(x.dtype, (seq, directions, n, hidden)), (x.dtype, last), (x.dtype, last)]


@operator("com.microsoft::DynamicQuantizeLSTM", shape=_unrolled, gates=4, operations=18)
class QuantizedRecurrent(Recurrent):
    """An LSTM whose weights are integers; the arithmetic is that of the plain one.

    madds = directions*n*seq*gates*hidden*(c_in + hidden)

    >>> QuantizedRecurrent(seq=10, c_in=80, hidden=80, gates=4).cost.madds
    512000
    """

    quantised: ClassVar = True


@operator("GRUUnit", shape=shapes.like(0))
class GRUUnit(Operator):
    """One step of a GRU after its products: the activations only.

    ops = 14*n*hidden
    memory access = 5*n*hidden

    Args:
        n, hidden: batch, and width of the state.

    >>> GRUUnit(n=2, hidden=10).cost.ops
    280
    """

    n: Dim = 1
    hidden: Dim

    @property
    def cost(self) -> Cost:
        state = self.n * self.hidden
        return Cost(ops=14 * state, reads=4 * state, writes=state)

    @classmethod
    def bind(cls, state: Tensor, *_: Tensor | None, **__: Any) -> GRUUnit:  # type: ignore[override]
        return cls(n=state.dims[-2], hidden=state.dims[-1])
