"""What guidelint finds in the networks of the literature, beside what was said of them.

``docs/generate.py`` makes the page of this, ``tests/test_verdicts.py`` holds it against the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from costmodel import networks
from costmodel.graph import Graph
from guidelines.finding import Finding
from guidelines.runner import find

GUIDELINES = ("G1", "G2", "G3", "G4")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A network, what it breaks, and why that is right.

    Args:
        network: as ``costmodel.networks`` has it.
        options: its keywords, where they are not the defaults.
        breaks: the guidelines that the rules find broken at default settings.
        charged: those of them that the paper's authors, or the formulas, say it breaks.
        cleared: those that they say it does not break.
        why: the words of the ShuffleNet V2 paper where it has any, in quotation marks, with
            what the rules see beyond them.
    """

    network: str
    options: Mapping[str, Any] = field(default_factory=dict)
    breaks: tuple[str, ...] = ()
    charged: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    why: str

    @property
    def title(self) -> str:
        """The call that builds it."""
        return f"{self.network}({', '.join(f'{k}={v!r}' for k, v in self.options.items())})"

    @property
    def graph(self) -> Graph:
        """The network."""
        build = getattr(networks, self.network)
        graph: Graph = build(**self.options)
        return graph


@cache
def found(index: int) -> tuple[Finding, ...]:
    """The findings of a verdict's network at default settings, dearest first."""
    return find(VERDICTS[index].graph)


_BOTTLENECK = "its units narrow to a quarter and widen again, 1:4"

VERDICTS: tuple[Verdict, ...] = (
    Verdict(
        network="shufflenet_v2", cleared=GUIDELINES,
        why="The paper's own: equal widths (G1), no grouped 1×1 (G2), one branch an identity (G3), "
        "no Add, ReLU and depthwise in one branch (G4).",
    ),
    Verdict(
        network="shufflenet_v2", options={"projection": "half"}, cleared=GUIDELINES,
        why="The down-sampling unit whose branches give half the channels each.",
    ),
    Verdict(
        network="shufflenet_v2", options={"width": 0.5}, cleared=GUIDELINES, why="As the 1×.",
    ),
    Verdict(
        network="shufflenet_v2", options={"width": 2.0}, cleared=GUIDELINES, why="As the 1×.",
    ),
    Verdict(
        network="shufflenet_v2_50", cleared=GUIDELINES, why="The same unit, wider (appendix).",
    ),
    Verdict(
        network="shufflenet_v2_164", breaks=("G4",), cleared=("G1", "G2", "G3"),
        why="The residual sums and the gates that the appendix adds to the unit are passes of "
        "their own; the paper's guideline names the Add.",
    ),
    Verdict(
        network="shufflenet_v1", breaks=("G1", "G2", "G4"), charged=("G1", "G2"), cleared=("G3",),
        why="“heavily depends group convolutions (against G2) and bottleneck-like building blocks "
        "(against G1)”; “element-wise ‘Add’ … also undesirable (G4)”. What the rules see of G4 is "
        "the ReLU behind the concatenation.",
    ),
    Verdict(
        network="shufflenet_v1", options={"groups": 8}, breaks=("G1", "G2", "G4"),
        charged=("G1", "G2"), cleared=("G3",), why="As with 3 groups, more so.",
    ),
    Verdict(
        network="mobilenet_v1", cleared=GUIDELINES,
        why="“its structure satisfies most of proposed guidelines”; the fastest on the paper's "
        "GPU. Widths double once a stage, within the limit.",
    ),
    Verdict(
        network="mobilenet_v1", options={"width": 0.25}, cleared=GUIDELINES, why="As the 1.0.",
    ),
    Verdict(
        network="mobilenet_v2", breaks=("G1", "G4"), charged=("G1", "G4"), cleared=("G2", "G3"),
        why="“inverted bottleneck structure that violates G1. It uses depthwise convolutions and "
        "ReLUs on ‘thick’ feature maps. This violates G4”.",
    ),
    Verdict(
        network="mobilenet_v3_large", breaks=("G1", "G4"), charged=("G1", "G4"),
        cleared=("G2", "G3"),
        why="Later than the paper; a chain of MobileNet V2's blocks, so its breaches, and "
        "HardSwish, which folds on few runtimes. A chain has no fragments: not G3.",
    ),
    Verdict(
        network="mobilenet_v3_small", breaks=("G1", "G4"), charged=("G1", "G4"),
        cleared=("G2", "G3"), why="As the large one.",
    ),
    Verdict(
        network="mnasnet_a1", breaks=("G1", "G4"), charged=("G1", "G4"), cleared=("G2", "G3"),
        why="Not in the paper; a chain of MobileNet V2's blocks. Often charged with G3, because "
        "a search found it; the searched networks that the paper names are NASNet's kin.",
    ),
    Verdict(
        network="mnasnet_b1", breaks=("G1", "G4"), charged=("G1", "G4"), cleared=("G2", "G3"),
        why="As A1, without the gates.",
    ),
    Verdict(
        network="nasnet_a", breaks=("G1", "G3", "G4"), charged=("G3",), cleared=("G2",),
        why="“highly fragmented and violate G3”: 13 operators a cell. Its ReLUs stand before "
        "separable convolutions whose input others read too, so that they fold into nothing (G4).",
    ),
    Verdict(
        network="igcv2", breaks=("G2",), charged=("G2",), cleared=("G3",),
        why="“slow. This is due to usage of too many convolution groups (4 or 8)”.",
    ),
    Verdict(
        network="xception", breaks=("G4",), cleared=("G1", "G2", "G3"),
        why="No breach is named. The ReLUs before its separable convolutions, whose input the "
        "shortcut reads too, fold into nothing: G4 by the formula.",
    ),
    Verdict(
        network="googlenet", breaks=("G1", "G3", "G4"), charged=("G3",), cleared=("G2",),
        why="Seven fragments in a module, three and a half side by side. G4 for its local "
        "response normalisation, G1 for the 1×1 that reduce 480 channels to 16.",
    ),
    Verdict(
        network="googlenet", options={"normalization": "batch", "largest_kernel": "3x3"},
        breaks=("G1", "G3"), charged=("G3",), cleared=("G2", "G4"),
        why="With batch normalisation, which folds: no G4.",
    ),
    Verdict(
        network="inception_v3", breaks=("G1", "G3"), charged=("G3",), cleared=("G2", "G4"),
        why="As GoogLeNet: up to ten fragments in a module.",
    ),
    Verdict(
        network="squeezenet", breaks=("G1",), charged=("G1",), cleared=("G2", "G3"),
        why="Fire modules squeeze 8:1 and expand 1:4; two branches are let off.",
    ),
    Verdict(
        network="densenet_121", breaks=("G1", "G4"), charged=("G1",), cleared=("G2", "G3"),
        why="Each layer narrows what all before it gave to 128 and then to 32. Batch "
        "normalisation and ReLU stand before the convolution and fold into nothing (G4).",
    ),
    Verdict(
        network="resnet_18", cleared=GUIDELINES, why="Two 3×3 of equal width a block.",
    ),
    Verdict(
        network="resnet_50", breaks=("G1",), charged=("G1",), cleared=("G2", "G3", "G4"),
        why=f"The bottleneck: {_BOTTLENECK}. Its Add and ReLU run in the convolution. “ResNet 2 or "
        "3” fragments a block: not G3.",
    ),
    Verdict(
        network="resnet_152", breaks=("G1",), charged=("G1",), cleared=("G2", "G3", "G4"),
        why="As ResNet-50.",
    ),
    Verdict(
        network="resnext_50", breaks=("G2",), charged=("G2",), cleared=("G3", "G4"),
        why="32 groups in every 3×3; its bottlenecks are 1:2, within G1's limit.",
    ),
    Verdict(
        network="vgg_16", cleared=GUIDELINES, why="A chain of 3×3 of equal or doubled widths.",
    ),
    Verdict(network="vgg_19", cleared=GUIDELINES, why="As VGG-16."),
    Verdict(
        network="alexnet", breaks=("G4",), cleared=("G1", "G2", "G3"),
        why="Two groups are within G2's limit. G4 for its local response normalisation alone.",
    ),
    Verdict(
        network="alexnet", options={"towers": "one"}, cleared=GUIDELINES,
        why="Without groups and without the normalisation.",
    ),
)  # fmt: skip


def page() -> str:
    """The table, and the words behind it."""
    lines = [
        "# Verdicts",
        "",
        "Generated by `python docs/generate.py`: the networks of the literature under the rules,",
        "at default settings. ✗ a breach, with the rules that found it and its share of the",
        "network's fused memory access; · none. **Bold** where the ShuffleNet V2 paper charges it,",
        "or the formulas do for networks that the paper does not discuss.",
        "",
        "| network | params | madds | " + " | ".join(GUIDELINES) + " |",
        "|---|--:|--:|" + "---|" * len(GUIDELINES),
    ]
    for index, verdict in enumerate(VERDICTS):
        cost = verdict.graph.cost
        cells = [_cell(verdict, guideline, found(index)) for guideline in GUIDELINES]
        lines.append(
            f"| `{verdict.title}` | {cost.params / 1e6:.2f} M | {cost.madds / 1e6:,.0f} M | "
            + " | ".join(cells)
            + " |"
        )
    lines += ["", "## Why", "", "In quotation marks: Ma et al., ShuffleNet V2, arXiv 1807.11164,"]
    lines += ["sections 2 to 4.", ""]
    lines += [f"- `{verdict.title}`: {verdict.why}" for verdict in VERDICTS]
    return "\n".join(lines) + "\n"


def _cell(verdict: Verdict, guideline: str, findings: tuple[Finding, ...]) -> str:
    of = [finding for finding in findings if finding.code.startswith(guideline)]
    if not of:
        return "·"
    codes = ", ".join(dict.fromkeys(finding.code for finding in of))
    mark = f"✗ {codes} {sum(finding.share for finding in of):.0%}"
    return f"**{mark}**" if guideline in verdict.charged else mark
