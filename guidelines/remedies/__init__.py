"""What answers the findings of the rules, one rule a file. Importing this package registers all."""

from __future__ import annotations

import pkgutil
from importlib import import_module

for _module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
