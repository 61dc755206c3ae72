"""What a model says of itself, ``metadata_props``: read, and changed without its weights.

On the wire a model is a sequence of fields, of which the metadata are some and the graph is one.
To change an entry the others are copied as they stand, unread, and files beside the model that
hold its weights are not touched.
"""

from __future__ import annotations

import mmap
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import onnx
from google.protobuf.message import DecodeError

from costmodel.errors import ModelError
from costmodel.frontends.onnx.load import load
from costmodel.frontends.onnx.wire import encode, fields

METADATA = 14
"""The field's number in a ModelProto."""

LONGEST = 1024 * 1024
"""Bytes of an entry; longer ones are nobody's text."""

CHUNK = 1024 * 1024


def metadata(model: onnx.ModelProto) -> dict[str, str]:
    """The entries by key; of several with one key the last counts."""
    return {_text(entry.key): _text(entry.value) for entry in model.metadata_props}


def _text(value: str | bytes) -> str:
    """protobuf hands bytes over where a string is none."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def read_metadata(path: Path) -> dict[str, str]:
    """The entries of a file, by key.

    Raises:
        ModelError: what stands there is no ONNX model.
    """
    return metadata(load(path))


def annotate(path: Path, key: str, change: Callable[[str], str]) -> None:
    """Change one entry of a model's metadata; the file is replaced as a whole or not at all.

    Args:
        path: a binary ONNX file.
        key: of the entry.
        change: from the text that is there, "" for none, to what is to be there, "" for none.

    Raises:
        ModelError: the file is no binary ONNX model, or cannot be replaced.
    """
    target = Path(os.path.realpath(path))
    before = metadata(load(target)).get(key, "")
    after = change(before)
    if after == before:
        return
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with target.open("rb") as source, draft.open("xb") as copy:
            for start, stop in _others(source.fileno(), key):
                source.seek(start)
                _copy(source, copy, stop - start)
            if after:
                entry = onnx.StringStringEntryProto(key=key, value=after).SerializeToString()
                copy.write(encode(METADATA << 3 | 2) + encode(len(entry)) + entry)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copymode(target, draft)
        draft.replace(target)
    except OSError as error:
        raise ModelError(
            f"expected a file that can be replaced, found: {error.strerror or error}"
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def _others(file: int, key: str) -> list[tuple[int, int]]:
    """From where to where the fields stand that are no entry of that key, neighbours joined."""
    ranges: list[tuple[int, int]] = []
    with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as data:
        for number, start, body, stop in fields(data):
            if number == METADATA and stop - body <= LONGEST and _key(data[body:stop]) == key:
                continue
            if ranges and ranges[-1][1] == start:
                start = ranges.pop()[0]
            ranges.append((start, stop))
    return ranges


def _key(entry: bytes) -> str | None:
    try:
        return _text(onnx.StringStringEntryProto.FromString(entry).key)
    except DecodeError:
        return None


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size:
        chunk = source.read(min(size, CHUNK))
        if not chunk:
            raise OSError(None, "it became shorter meanwhile")
        target.write(chunk)
        size -= len(chunk)
