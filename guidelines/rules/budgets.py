"""A budget of the configuration is exceeded, or cannot be judged.

**Why**

A network has to fit: an application's download, a device's memory, a frame's time. What it may
take is written into the configuration, as a number with its unit, for the whole network or for a
part of it, and whoever changes the network learns at once that it no longer fits. The finding
says by how much, and which blocks weigh most.

What cannot be counted is never taken for nothing: where a node's cost is unknown and the rest
keeps within the budget, the budget is open, which is a finding of its own.

**Fix**

Make the blocks cheaper that weigh most; `guidelint cost --by scope` lists them all. Where the
network may take more, raise the budget: `guidelint budget --write` records today's figures.

**References**

[Budgets](../budgets.md): every quantity, its units, and how a budget is written.
"""

from __future__ import annotations

from guidelines.budget.quantities import OPEN, OPEN_NAME, QUANTITIES
from guidelines.finding import Level
from guidelines.rule import declare

for _quantity in QUANTITIES.values():
    declare(
        _quantity.code, _quantity.name, f"The budget of {_quantity.words} is exceeded.",
        module=__name__, level=Level.ERROR,
    )  # fmt: skip
declare(
    OPEN, OPEN_NAME, "A budget cannot be judged, as something could not be counted.",
    module=__name__, level=Level.WARNING,
)  # fmt: skip
