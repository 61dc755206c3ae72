"""A suppression or an entry of the baseline does nothing, or says too little.

**Why**

A finding that somebody has decided to live with is suppressed, with a reason and perhaps a day
on which the decision ends, or it stands in the baseline. Both outlive what they were for: the
layer is rewritten, the rule improves, the day passes. What holds nothing back any more will hold
back the next finding that nobody has looked at.

**Fix**

Take out what is unused, correct what names no rule, say why. What has expired holds nothing back:
its finding is reported again, to be dealt with or suppressed anew.
`guidelint suppress MODEL RULE --remove` takes one out of a model, `guidelint baseline prune` the
stale entries out of a baseline.

**References**

[Baselines and suppressions](../baselines.md): where each is written and what it holds back.
"""

from __future__ import annotations

from guidelines.baseline.stage import STALE
from guidelines.finding import Level
from guidelines.rule import declare
from guidelines.suppress.findings import EXPIRED, NO_REASON, UNKNOWN, UNUSED

for _code, _name, _sentence, _level in (
    (UNUSED, "unused-suppression", "A suppression holds nothing back.", Level.WARNING),
    (UNKNOWN, "unknown-rule-suppressed", "A suppression in a model names no rule.", Level.WARNING),
    (NO_REASON, "suppression-without-reason", "A suppression gives no reason.", Level.WARNING),
    (EXPIRED, "expired-suppression", "The day of a suppression has passed.", Level.WARNING),
    (STALE, "stale-baseline-entry", "The baseline has a finding that is gone.", Level.NOTE),
):
    declare(_code, _name, _sentence, module=__name__, level=_level)
