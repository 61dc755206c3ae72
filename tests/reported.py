"""A small network with findings of every kind, and one whose names are out to do harm."""

from __future__ import annotations

import dataclasses

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from guidelines.finding import Finding, Level
from guidelines.report import Failure, Model, Report
from guidelines.report.totals import Totals

HOSTILE = "a\x1b[31m\n::error::<b>|`\u202e\x7f"
"""Terminal escape, line end, CI command, markup, a character that turns the direction."""


def block(net: Network, x: Value, name: str) -> Value:
    with net.scope(name):
        y = net.conv_bn_relu(x, x.c // 4)
        y = net.conv_bn_relu(y, x.c // 4, k=3)
        y = net.conv_bn_relu(y, x.c, relu=False)
        return net.relu(net.add(x, y))


def graph(name: str = "layer1") -> Graph:
    """Stem, two bottlenecks, an operator without a formula twice, classifier."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 32, 32), 32, k=3, stride=2)
    x = block(net, x, f"{name}.0")
    x = block(net, x, f"{name}.1")
    for _ in range(2):
        x = net.add_operator("NoSuchOperator", [x], [x.shape])[0]
    made = net.graph(net.fully_connected(net.flatten(net.global_average_pool(x)), 10))
    made.graph |= {"path": f"models/{name}.onnx", "opset": 17, "assumed": {"batch": 1}, "folded": 4}
    return made


def findings(first: str, last: str) -> tuple[Finding, ...]:
    narrow = Finding(
        code="G101",
        name="unequal-channel-width",
        level=Level.WARNING,
        nodes=(first, last),
        places=(first, last),
        value=1.25,
        bound=1.2,
        excess_bytes=41_000,
        share=0.0712,
        message="1×1 convolution of 32→8 channels at 16×16 moves 1.25 times the least traffic for "
        "its multiply-adds, 2·√(h·w·B) + B/(h·w)",
        remedy="16→16 channels: 20% less traffic at the same multiply-adds",
    )
    return (
        dataclasses.replace(
            narrow, level=Level.ERROR, places=(first,), share=0.1234, excess_bytes=71_000
        ),
        narrow,
        dataclasses.replace(
            narrow,
            code="G402",
            name="depthwise-on-thick-maps",
            level=Level.NOTE,
            nodes=(last,),
            places=(last,),
            share=0.0004,
            excess_bytes=230,
            message="a small matter",
            remedy="",
        ),
    )


def model(name: str = "layer1") -> Model:
    made = graph(name)
    places = [node.label for node in made.layers if node.op_type == "Conv" and node.scope]
    return Model(graph=made, totals=Totals.of(made), findings=findings(places[0], places[-1]))


def report() -> Report:
    """One network with three findings, one without any, and a file that is none."""
    clean = dataclasses.replace(model("clean"), findings=())
    failed = Failure(path="models/none.onnx", message="expected an ONNX model, found an empty file")
    return Report(models=(model(), clean), errors=(failed,))


def hostile() -> Report:
    """The same with hostile names everywhere."""
    made = model(HOSTILE)
    made.graph.graph |= {"inputs": {HOSTILE: (1, 3)}, "assumed": {HOSTILE: 1}}
    poisoned = tuple(
        dataclasses.replace(f, message=HOSTILE, remedy=HOSTILE) for f in made.findings or ()
    )
    return Report(
        models=(dataclasses.replace(made, findings=poisoned),),
        errors=(Failure(path=f"{HOSTILE}\udcff", message=HOSTILE),),
    )
