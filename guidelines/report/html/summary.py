"""What a network is at a glance: the verdict, what was read, the totals."""

from __future__ import annotations

from collections.abc import Iterable

from guidelines.finding import Finding, Level
from guidelines.quantity import count, duration, percent, size
from guidelines.report.heading import shape_text
from guidelines.report.html.tags import Markup, tag
from guidelines.report.html.weights import MARKS
from guidelines.report.report import Model
from guidelines.report.totals import unknown_types


def verdict(model: Model) -> Markup:
    """One sentence: how many findings, and the dearest."""
    if model.findings is None:
        return tag("p", "Costs only: no rule was run.", class_="sentence")
    if not model.findings:
        return tag(
            "p",
            tag("span", "✓", class_="mark", aria_hidden="true"),
            " No findings.",
            class_="sentence clean",
        )
    dearest = model.findings[0]
    gravest = max((found.level for found in model.findings), key=lambda level: level.rank)
    price = (
        f"its remedies save {duration(dearest.saving.seconds)}" if dearest.saving is not None
        else f"{percent(dearest.share)} of the memory access" if dearest.share
        else ""
    )  # fmt: skip
    several = len(model.findings) > 1
    more = ("the dearest is " if price else "first ") if several else ""
    return tag(
        "p",
        tag("span", MARKS[gravest], class_=f"mark {gravest}", aria_hidden="true"), " ",
        counted(model.findings), f": {more}", tag("strong", dearest.name),
        f", {price}." if price else ".",
        class_=f"sentence {gravest}",
    )  # fmt: skip


def counted(found: Iterable[Finding]) -> str:
    """``2 warnings, 1 note``."""
    levels = [each.level for each in found]
    told = [(levels.count(level), level) for level in reversed(Level)]
    return ", ".join(f"{n} {level}{'' if n == 1 else 's'}" for n, level in told if n)


def facts(model: Model) -> Markup:
    """Inputs, what was assumed, how much is known."""
    graph, unknown = model.graph, model.unknown
    facts = [f"{name} {shape_text(shape)}" for name, shape in list(graph.inputs.items())[:4]]
    facts += [f"{len(graph.inputs) - 4} more inputs"] if len(graph.inputs) > 4 else []
    facts += [f"assumed {name} = {value}" for name, value in list(graph.assumed.items())[:4]]
    facts += [f"opset {graph.opset}"] if graph.opset else []
    facts.append(f"{len(graph) - len(unknown)} of {len(graph)} nodes costed")
    items = [tag("li", fact) for fact in facts]
    if unknown:
        types = [f"{name} ×{n}" if n > 1 else name for name, n in unknown_types(unknown).items()]
        told = ", ".join(types[:8]) + (f" and {len(types) - 8} more" if len(types) > 8 else "")
        items.append(tag("li", f"not known: {told}; totals are lower bounds", class_="warning"))
    return tag("ul", *items, class_="facts")


def totals(model: Model) -> Markup:
    """Four figures, the time where it is predicted, and what they may be at most."""
    sums = model.totals
    least = "≥ " if model.unknown else ""
    told = [
        ("params", "Parameters", count(sums.params), f"{size(sums.weight_bytes)} of weights"),
        ("madds", "Multiply-adds", least + count(sums.madds),
         f"{count(sums.flops)} FLOPs at 2 each"),
        ("fused-memory-access", "Memory access, fused",
         least + size(sums.fused_memory_access_bytes),
         f"{size(sums.memory_access_bytes)} operator by operator"),
        ("peak-activation", "Peak activations", least + size(sums.peak_activation_bytes),
         "alive at once"),
    ]  # fmt: skip
    time = model.prediction
    if time is not None:
        between = f"9 in 10 between {duration(time.low)} and {duration(time.high)}"
        told.append(("time", f"Time on {time.device}", duration(time.seconds), between))
    here = "" if time is None else time.device
    limits = {
        each.subject.quantity.key: each.text for each in model.budgets
        if not each.subject.glob
        and (each.subject.device is None or each.subject.device.name == here)
    }  # fmt: skip
    tiles = (
        tag(
            "div", tag("dt", name), tag("dd", value), tag("dd", note, class_="note"),
            tag("dd", f"budget {limits[key]}", class_="note") if key in limits else None,
        )
        for key, name, value, note in told
    )  # fmt: skip
    return tag("dl", *tiles, class_="totals")
