# %% [markdown]
# # Sweep groups
#
# An Operator takes numpy arrays in place of numbers, and its cost is arrays: a study is one call.
# First guideline 2 as a curve, then a search among a million layers.
#
# Source: Ma et al., ShuffleNet V2, https://arxiv.org/abs/1807.11164, section 2, G2 and table 2.

# %%
import numpy as np

from costmodel import Conv

extent = {"h_in": 56, "w_in": 56, "h": 56, "w": 56}

# %% [markdown]
# ## Access against groups, at fixed input and work
#
# With c_in fixed and B = hw·c_in·c_out/g fixed, c_out must grow with g: that is equation 2,
# hw·c_in + B·g/c_in + B/hw. Sweeps are in float64: integers of numpy wrap silently.

# %%
groups = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
curve = Conv(c_in=128.0, c_out=128.0 * groups, groups=groups, **extent).cost
equation_2 = 56 * 56 * 128 + curve.madds * groups / 128 + curve.madds / (56 * 56)
assert np.allclose(curve.memory_access, equation_2)

print("groups  c_out     madds   access  over 1 group")
for g, madds, access in zip(groups, curve.madds, curve.memory_access, strict=True):
    times = access / curve.memory_access[0]
    print(f"{g:6.0f} {128 * g:6.0f} {madds / 1e6:7.1f} M {access / 1e6:6.2f} M {times:8.2f}")

# %% [markdown]
# ## The rows of table 2
#
# The paper widens both sides with √g; speed is its GPU's, in batches a second.

# %%
print("\ngroups  channels   access  over g=1  time over g=1")
rows = [(1, 128, 2451), (2, 180, 1725), (4, 256, 1026), (8, 360, 634)]
for g, c, speed in rows:
    access = Conv(c_in=c, c_out=c, groups=g, **extent).cost.memory_access
    print(f"{g:6} {c:9} {access / 1e6:6.2f} M {access / 819200:8.2f} {2451 / speed:13.2f}")

# %% [markdown]
# ## A million layers
#
# Every pair of widths up to 1024 in steps of 4, in 1 to 128 groups, at four resolutions: of those
# that do 50 million multiply-adds to within 1 %, which moves least?

# %%
widths = np.arange(4.0, 1028.0, 4.0)
grid = np.meshgrid(widths, widths, 2.0 ** np.arange(8), [7.0, 14.0, 28.0, 56.0], indexing="ij")
c_in, c_out, g, side = (axis.ravel() for axis in grid)
possible = (c_in % g == 0) & (c_out % g == 0)
c_in, c_out, g, side = (axis[possible] for axis in (c_in, c_out, g, side))
cost = Conv(c_in=c_in, c_out=c_out, groups=g, h_in=side, w_in=side, h=side, w=side).cost
chosen = abs(cost.madds / 50e6 - 1) < 0.01

print(f"\n{len(side):,} layers, {chosen.sum():,} of them of 50 M madds; of these move")
print("side  groups    least                     most")
for s in (56.0, 28.0, 14.0):
    for count in (1.0, 4.0, 16.0):
        among = np.flatnonzero(chosen & (side == s) & (g == count))
        if not among.size:
            continue
        order = among[np.argsort(cost.memory_access[among])]
        least, most = order[0], order[-1]
        print(
            f"{s:4.0f} {count:7.0f}"
            f" {cost.memory_access[least] / 1e6:7.2f} M ({c_in[least]:.0f}→{c_out[least]:.0f})"
            f" {cost.memory_access[most] / 1e6:11.2f} M ({c_in[most]:.0f}→{c_out[most]:.0f})"
        )
