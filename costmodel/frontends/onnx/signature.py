"""What the dynamo exporter says of a model's constants: parameter, buffer, or neither."""

from __future__ import annotations

import re

import onnx

KEY = "pkg.torch.export.ExportedProgram.graph_signature"
LINE = re.compile(r"^\S+: (PARAMETER|BUFFER|CONSTANT_TENSOR) target='([^']+)'", re.MULTILINE)


def learned(model: onnx.ModelProto) -> dict[str, bool]:
    """Whether a constant is learned, by its name, for those that the exporter tells of.

    >>> model = onnx.ModelProto()
    >>> said = "p_w: PARAMETER target='fc.w'\\nb_k: BUFFER target='fc.k' persistent=True"
    >>> _ = model.graph.metadata_props.add(key=KEY, value=said)
    >>> learned(model)
    {'fc.w': True, 'fc.k': False}
    """
    props = getattr(model.graph, "metadata_props", ())  # onnx 1.16 and later
    said = "\n".join(entry.value for entry in props if entry.key == KEY)
    return {name: kind == "PARAMETER" for kind, name in LINE.findall(said)}
