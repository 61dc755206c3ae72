# %% [markdown]
# # Redesign a block
#
# A block as one might write it after reading too many papers at once: widen, group the 1×1
# convolutions, filter with 5×5, use an activation that no runtime folds, add. What is wrong with
# it, what does each wrong cost, and what stands in its place at the same multiply-adds?
#
# Guidelines: Ma et al., ShuffleNet V2, https://arxiv.org/abs/1807.11164, section 2.

# %%
from collections.abc import Callable

import guidelines
from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from guidelines.analysis import analyse

Block = Callable[[Network, Value], Value]


def network(block: Block, *, c: int = 96, blocks: int = 4) -> Graph:
    """A stem to c channels at 28×28, the blocks, a classifier."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 224, 224), c, k=7, stride=8)
    for i in range(blocks):
        with net.scope(f"block{i}"):
            x = block(net, x)
    return net.graph(net.fully_connected(net.flatten(net.global_average_pool(x)), 1000))


def first(net: Network, x: Value) -> Value:
    """Widen 6 times in 4 groups, filter, narrow in 4 groups."""
    wide = 6 * x.c
    y = net.activation(net.conv_bn_relu(x, wide, groups=4, relu=False), "HardSwish")
    y = net.activation(net.conv_bn_relu(y, wide, k=5, groups=wide, relu=False), "HardSwish")
    return net.add(x, net.conv_bn_relu(y, x.c, groups=4, relu=False))


# %% [markdown]
# ## The verdict
#
# Dearest first; a share is of the traffic that is left where a runtime fuses.

# %%
graph = network(first)
for finding in guidelines.lint(graph).findings:
    print(f"{finding.code} ×{len(finding.places)} {finding.share:.0%}: {finding.message}")
    print(f"     → {finding.remedy}")

# %% [markdown]
# ## One change at a time
#
# The activation first: HardSwish runs as a pass of its own on most runtimes, a ReLU inside the
# convolution (guideline 4). Then the groups (guideline 2): at the same work, half as wide and
# ungrouped. Then the 5×5, whose depthwise traffic is the same as a 3×3's but whose work is not.


# %%
def folded(net: Network, x: Value) -> Value:
    """The first with ReLUs."""
    wide = 6 * x.c
    y = net.conv_bn_relu(x, wide, groups=4)
    y = net.conv_bn_relu(y, wide, k=5, groups=wide)
    return net.add(x, net.conv_bn_relu(y, x.c, groups=4, relu=False))


def ungrouped(net: Network, x: Value) -> Value:
    """Without groups, at the width that does the same work: 6/4 of the block's."""
    wide = 6 * x.c // 4
    y = net.conv_bn_relu(x, wide)
    y = net.conv_bn_relu(y, wide, k=5, groups=wide)
    return net.add(x, net.conv_bn_relu(y, x.c, relu=False))


def level(net: Network, x: Value) -> Value:
    """Equal widths throughout: two 1×1 and a 3×3 filter between them."""
    y = net.conv_bn_relu(x, x.c)
    y = net.conv_bn_relu(y, x.c, k=3, groups=x.c)
    return net.add(x, net.conv_bn_relu(y, x.c, relu=False))


def deep(net: Network, x: Value) -> Value:
    """What ``level`` saved, spent on a second unit."""
    return level(net, level(net, x))


print(f"{'block':<10} {'madds':>8} {'access':>9} {'fused':>9}  findings")
for block in (first, folded, ungrouped, level, deep):
    model = analyse(network(block))
    totals = model.totals
    codes = ", ".join(dict.fromkeys(finding.code for finding in model.findings)) or "none"
    print(
        f"{block.__name__:<10} {totals.madds / 1e6:6.1f} M"
        f" {totals.memory_access_bytes / 1e6:6.1f} MB"
        f" {totals.fused_memory_access_bytes / 1e6:6.1f} MB  {codes}"
    )
