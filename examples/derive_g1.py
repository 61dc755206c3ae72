# %% [markdown]
# # Derive guideline 1
#
# "Equal channel width minimises memory access cost" (Ma et al., ShuffleNet V2,
# https://arxiv.org/abs/1807.11164, section 2, equation 1): MAC ≥ 2√(hwB) + B/hw.
#
# Nothing is typed in: the formula is the one that counts real layers, with symbols for numbers.
# In a notebook the expressions show themselves typeset.

# %%
import sympy

from costmodel import Conv
from costmodel.algebra import B, at, bound, plain, symbols, text
from costmodel.bound import balanced

h, w, c1, c2 = symbols("h w c1 c2")
conv = plain(Conv, c_in=c1, c_out=c2)
print(text(conv))

# %% [markdown]
# ## Fix the work
#
# B = hw·c1·c2 multiply-adds leave one width free.

# %%
(other,) = sympy.solve(conv.cost.madds - B, c2)
access = sympy.expand(conv.cost.memory_access.subs(c2, other))
print("\nc2            =", text(other))
print("memory access =", text(access))

# %% [markdown]
# ## Find where it is least

# %%
slope = sympy.diff(access, c1)
(level,) = sympy.solve(slope, c1)
print("\nslope         =", text(slope))
print("level at c1   =", text(level))
print("curvature     =", text(sympy.diff(access, c1, 2)))
least = sympy.expand(access.subs(c1, level))
print("least         =", text(least))

# %% [markdown]
# ## The same in one call, and in numbers
#
# `bound` takes these steps with any convolution: strided, k×k, in groups.

# %%
print()
print(bound(Conv))
assert sympy.simplify(bound(Conv).bound - least) == 0

strided = bound(Conv, h_in="h_in", w_in="w_in")
print("\nstrided:", text(strided.bound), "where", text(strided.condition))

layer = at(plain(Conv), c_in=128, c_out=128, h=56, w=56)
print("\n128→128 at 56×56 moves", layer.cost.memory_access, "and can at best move", balanced(layer))
