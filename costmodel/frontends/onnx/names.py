"""Names that are unique in a whole model, for what is only unique in its own graph."""

from __future__ import annotations

from costmodel.errors import ModelError

MAX_NAME = 4096
MAX_CHARACTERS = 64_000_000
"""Characters of all names together: inlining puts the names of calls before those inside."""


class Unique:
    """Gives out each name once: ``n``, then ``n#2``, ``n#3``.

    >>> unique = Unique()
    >>> [unique("n"), unique("n"), unique("n#2"), unique("n")]
    ['n', 'n#2', 'n#2#2', 'n#3']
    """

    def __init__(self) -> None:
        self.given: dict[str, int] = {}
        self.characters = 0

    def __call__(self, name: str) -> str:
        self.characters += len(name)
        if len(name) > MAX_NAME or self.characters > MAX_CHARACTERS:
            raise ModelError(
                f"expected names of at most {MAX_NAME:,} characters, found '{name[:40]}…'"
            )
        candidate = name
        while candidate in self.given:
            self.given[name] += 1
            candidate = f"{name}#{self.given[name]}"
        self.given[candidate] = 1
        return candidate


class Names:
    """What a graph's local value names mean in the whole model; inner graphs see outer ones."""

    __slots__ = ("known", "outer", "prefix", "unique")

    def __init__(self, prefix: str, unique: Unique, outer: Names | None = None) -> None:
        self.prefix = prefix
        self.unique = unique
        self.outer = outer
        self.known: dict[str, str] = {"": ""}

    def define(self, name: str, meaning: str | None = None) -> str:
        """Give a local name a meaning; without one a unique name, the same one each time."""
        if meaning is not None:
            self.known[name] = meaning
        elif name not in self.known:
            self.known[name] = self.unique(self.prefix + name)
        return self.known[name]

    def get(self, name: str) -> str | None:
        """What a name means here, None where it means nothing."""
        scope: Names | None = self
        while scope is not None:
            found = scope.known.get(name)
            if found is not None:
                return found
            scope = scope.outer
        return None

    def __getitem__(self, name: str) -> str:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None
