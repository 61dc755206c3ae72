# %% [markdown]
# # ShuffleNet V2 against MobileNet V2
#
# Two networks of 300 million multiply-adds. On the paper's GPU one runs 255 batches a second and
# the other 180 (ShuffleNet V2, table 8). FLOPs do not tell them apart; what does?
#
# Source: Ma et al., ShuffleNet V2, https://arxiv.org/abs/1807.11164.

# %%
from costmodel.fusion import COMPOSED
from costmodel.fusion import fused_memory_access_bytes as composed
from costmodel.networks import mobilenet_v2, shufflenet_v2
from guidelines.analysis import analyse

shuffle, mobile = analyse(shufflenet_v2(width=1.5)), analyse(mobilenet_v2())

print(f"{'':24}{'ShuffleNet V2 1.5×':>20}{'MobileNet V2':>16}{'ratio':>8}")
for label, of, unit in (
    ("params", lambda t: t.params, 1e6),
    ("madds", lambda t: t.madds, 1e6),
    ("memory access, MB", lambda t: t.memory_access_bytes, 1e6),
    ("… when fused, MB", lambda t: t.fused_memory_access_bytes, 1e6),
    ("peak activations, MB", lambda t: t.peak_activation_bytes, 1e6),
):
    a, b = of(shuffle.totals) / unit, of(mobile.totals) / unit
    print(f"{label:24}{a:20.1f}{b:16.1f}{b / a:8.2f}")

# %% [markdown]
# ## What the guidelines say
#
# The price of a finding is traffic beyond the bound, as a share of what is left when a runtime
# fuses.

# %%
for model in (shuffle, mobile):
    print()
    for finding in model.findings:
        print(f"{finding.code} ×{len(finding.places)} {finding.share:.0%}: {finding.message}")
    if not model.findings:
        print("no findings")

# %% [markdown]
# ## Where the bytes go
#
# By operator, each on its own as the paper counts. MobileNet V2 spends them on what it does to
# wide maps: depthwise filters, their normalisation, their activation.

# %%
for title, model in (("ShuffleNet V2", shuffle), ("MobileNet V2", mobile)):
    moved: dict[str, int] = {}
    for node in model.graph.layers:
        kind = node.op_type
        if kind == "Conv":
            kind = "Conv depthwise" if node.operator.groups > 1 else "Conv dense"
        moved[kind] = moved.get(kind, 0) + sum(node.bytes.values())
    print(f"\n{title}")
    total = sum(moved.values())
    for kind, size in sorted(moved.items(), key=lambda item: -item[1])[:6]:
        print(f"  {kind:20} {size / 1e6:7.1f} MB {size / total:5.0%}")

# %% [markdown]
# ## Whose runtime?
#
# Fused, the two are nearly level: what common runtimes join helps MobileNet V2 most, and they copy
# ShuffleNet V2's halves about. The paper's implementation merged concat, shuffle and split into one
# pass; with that, the account is

# %%
for title, model in (("ShuffleNet V2", shuffle), ("MobileNet V2", mobile)):
    print(f"\n{title}, copies in one pass: {composed(model.graph, COMPOSED) / 1e6:.1f} MB", end="")
print()
