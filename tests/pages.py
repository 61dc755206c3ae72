"""Pages to test, of networks harmless and hostile, and what a page is made of."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import reported

import guidelines
from costmodel import networks, read
from costmodel.frontends.code import Network
from costmodel.graph import Graph
from guidelines.comparing.comparison import Compared, compare
from guidelines.report import Model, Report
from guidelines.report.html import beside
from guidelines.report.html.document import document

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples/models/mobilenet_v2.onnx"

CRUEL = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\"'`${window}"
"""A name that leaves a string, an attribute, an element or a script, if it can."""


class Elements(HTMLParser):
    """What a page is made of: tags with attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def values(self, attribute: str) -> list[str]:
        return [found for _, given in self.tags if (found := given.get(attribute)) is not None]


def cruel_graph() -> Graph:
    """A network whose every name is an attack."""
    net = Network()
    with net.scope(CRUEL):
        x = net.conv_bn_relu(net.input(3, 32, 32), 16, k=3)
        for _ in range(4):
            x = net.conv_bn_relu(net.conv_bn_relu(x, 96), 16)
        x = net.add_operator(f"{CRUEL}::Op{CRUEL}", [x], [x.shape])[0]
    made = net.graph(net.conv(x, 8))
    made.graph |= {
        "path": f"{CRUEL}.onnx",
        "inputs": {CRUEL: (1, 3, 32, 32)},
        "assumed": {CRUEL: 1},
    }
    return made


def large() -> Graph:
    """2,000 nodes without a module: a chain with a branch now and then."""
    net = Network()
    x = net.conv(net.input(3, 16, 16), 8)
    for step in range(333):
        y = net.conv_bn_relu(net.conv_bn_relu(x, 16), 8)
        x = y if step % 3 else net.add(x, y)
    return net.graph(x)


def changed() -> Compared:
    """One network against another with a wider block."""

    def network(width: int) -> Model:
        net = Network()
        x = net.conv_bn_relu(net.input(3, 32, 32), 16, k=3)
        for name in range(3):
            with net.scope(f"block.{name}"):
                y = net.conv_bn_relu(x, width if name == 1 else 16, k=3)
                x = net.add(x, net.conv_bn_relu(y, 16, k=3))
        made = net.graph(net.fully_connected(net.flatten(net.global_average_pool(x)), 10))
        made.graph["path"] = f"models/{width}.onnx"
        return guidelines.lint(made).models[0]

    return Compared(comparisons=(compare(network(16), network(24)),), about="models/24.onnx")


PAGES = {
    "one": lambda: document(guidelines.lint(read(EXAMPLE))),
    "two, and a failure": lambda: document(reported.report()),
    "none": lambda: document(Report()),
    "an empty network": lambda: document(guidelines.lint(Graph.of([], tensors={}, outputs=()))),
    "hostile": lambda: document(reported.hostile()),
    "cruel": lambda: document(guidelines.lint(cruel_graph())),
    "many boxes": lambda: document(guidelines.lint(networks.nasnet_a())),
    "diff": lambda: beside.document(changed()),
    "diff of nothing": lambda: beside.document(
        Compared(comparisons=(compare(None, changed().comparisons[0].head),))
    ),
}
