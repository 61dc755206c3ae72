"""Frozen values by keyword, made from a class's annotations.

What ``@dataclass(frozen=True, kw_only=True)`` gives, without the code that it generates for
each class: 1.6 ms a class is nothing, until seventy operators are imported to read one file.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar, dataclass_transform

REQUIRED: Any = object()

R = TypeVar("R", bound="Record")


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record:
    """Base of frozen records; annotated names are the fields, in order, those of bases first.

    >>> class Layer(Record):
    ...     c_in: int
    ...     groups: int = 1
    >>> Layer(c_in=8)
    Layer(c_in=8, groups=1)
    >>> Layer(c_in=8) == Layer(c_in=8).replace(groups=1)
    True
    >>> Layer(c=8)
    Traceback (most recent call last):
    ...
    TypeError: Layer takes c_in, groups; found no c_in, and c
    """

    defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        own = {
            name: cls.__dict__.get(name, REQUIRED)
            for name, kind in cls.__annotations__.items()
            if not str(kind).startswith("ClassVar")
        }
        cls.defaults = {**cls.defaults, **own}

    def __init__(self, **values: Any) -> None:
        filled = self.defaults | values
        missing = [name for name, value in filled.items() if value is REQUIRED]
        if missing or len(filled) > len(self.defaults):
            unknown = [name for name in values if name not in self.defaults]
            found = [f"no {name}" for name in missing] + [f"and {name}" for name in unknown]
            raise TypeError(
                f"{type(self).__name__} takes {', '.join(self.defaults)}; found {', '.join(found)}"
            )
        self.__dict__.update(filled)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; replace({name}=…) makes another")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({fields})"

    def replace(self: R, **changes: Any) -> R:
        """The same record with other values in some fields."""
        return type(self)(**{**self.__dict__, **changes})
