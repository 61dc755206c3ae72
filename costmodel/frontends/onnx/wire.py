"""Cut a serialised model down to its architecture without reading its weights.

The protobuf wire format says how long each field is, so a payload can be stepped over. What
is small is copied as it stands; only a large message is opened, and of a large tensor only
the shape, the type and the name are kept.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import TypeAlias

from costmodel.errors import ModelError

KEEP = 8192
"""Bytes up to which a message is copied whole, small constants (shapes, axes) with it."""

LARGE_LIST = 65536
"""Bytes of an attribute from which its list of numbers is left out."""

LARGE_MESSAGE = 1024 * 1024
"""Bytes of a message after which the pages of a mapped file are let go: the kernel maps many
around each one that is read, and they would count as memory in use."""

MAX_FIELDS = 1_000_000
MAX_SKELETON = 128 * 1024 * 1024
MAX_DEPTH = 60

Buffer: TypeAlias = bytes | memoryview | mmap.mmap

# message -> {field number: message inside it}; None: a payload, left out where it is large.
# https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
MESSAGES: dict[str, dict[int, str | None]] = {
    "Model": {7: "Graph", 20: None, 25: "Function", 6: None},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor", 10: None},
    "Function": {7: "Node", 11: "Attribute", 8: None},
    "Node": {5: "Attribute", 6: None},
    "Attribute": {
        4: None, 5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 13: None,
        22: "SparseTensor", 23: "SparseTensor",
    },
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {4: None, 5: None, 6: None, 7: None, 9: None, 10: None, 11: None, 12: None, 13: None},
}  # fmt: skip

ATTRIBUTE_LISTS = {7, 8, 9}


def skeleton(data: Buffer) -> bytes:
    """The model without the payload of its large tensors.

    Args:
        data: a serialised ModelProto, bytes or a memory map.

    Raises:
        ModelError: the bytes are no well-formed protobuf message.
    """
    cutter = _Cutter(data)
    out: list[bytes] = []
    cutter.message("Model", 0, len(data), 0, out.append)
    return b"".join(out)


def fields(data: Buffer) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message, unread: number, and where each, its payload and the next begin.

    Raises:
        ModelError: the bytes are no well-formed protobuf message.
    """
    walk = _Cutter(data)
    at, end = 0, len(data)
    while at < end:
        start = at
        tag, body = walk.varint(at, end)
        size = {1: 8, 5: 4}.get(tag & 7, 0)
        if tag & 7 == 2:
            size, body = walk.varint(body, end)
        elif tag & 7 == 0:
            at = walk.varint(body, end)[1]
            size = at - body
        elif size == 0:
            raise ModelError(f"expected a binary ONNX file, found wire type {tag & 7}")
        at = body + size
        if at > end:
            raise ModelError(f"expected {size:,} bytes at byte {body}, found {end - body:,}")
        yield tag >> 3, start, body, at


class _Cutter:
    """The walk's state: the bytes, and how many fields it has seen."""

    def __init__(self, data: Buffer) -> None:
        self.data = data
        self.fields = 0
        self.kept = 0
        self.forget = getattr(data, "madvise", None)

    def take(self, start: int, stop: int) -> bytes:
        """Bytes as they stand; an architecture that is larger than any is refused."""
        self.kept += stop - start
        if self.kept > MAX_SKELETON:
            raise ModelError(
                f"expected an architecture of at most {MAX_SKELETON:,} bytes, found more"
            )
        return bytes(self.data[start:stop])

    def varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        data = self.data
        while at < end and shift < 64:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
        raise ModelError(
            f"expected an ONNX protobuf, found a broken field at byte {at}: "
            "the file is truncated or no ONNX model"
        )

    def message(
        self, kind: str, at: int, end: int, depth: int, keep: Callable[[bytes], object]
    ) -> None:
        """Copy the message at ``at:end``, opening what is large."""
        if depth > MAX_DEPTH:
            raise ModelError(f"expected at most {MAX_DEPTH} nested messages, found more")
        inside = MESSAGES[kind]
        while at < end:
            self.fields += 1
            if self.fields > MAX_FIELDS:
                raise ModelError(
                    f"expected at most {MAX_FIELDS:,} fields, found more: no network is that large"
                )
            start = at
            tag, at = self.varint(at, end)
            number, wire = tag >> 3, tag & 7
            if number == 0:
                raise ModelError(
                    f"expected an ONNX protobuf, found field 0 at byte {start}: no ONNX model"
                )
            if kind == "Attribute" and number in ATTRIBUTE_LISTS and end - start > LARGE_LIST:
                return
            if wire == 2:
                size, at = self.varint(at, end)
                stop = at + size
                if stop > end:
                    raise ModelError(
                        f"expected {size:,} bytes at byte {at}, found {end - at:,}: "
                        "the file is truncated or no ONNX model"
                    )
                if size > KEEP and number in inside:
                    child = inside[number]
                    if child is not None:
                        parts: list[bytes] = []
                        self.message(child, at, stop, depth + 1, parts.append)
                        body = b"".join(parts)
                        keep(encode(tag) + encode(len(body)) + body)
                        if self.forget is not None and size > LARGE_MESSAGE:
                            self.forget(mmap.MADV_DONTNEED)
                else:
                    keep(self.take(start, stop))
                at = stop
                continue
            if wire == 0:
                _, at = self.varint(at, end)
            elif wire == 1:
                at += 8
            elif wire == 5:
                at += 4
            else:
                raise ModelError(
                    f"expected an ONNX protobuf, found wire type {wire} at byte {start}: "
                    "no ONNX model"
                )
            if at > end:
                raise ModelError(
                    f"expected more bytes after byte {start}, found the end: the file is truncated"
                )
            keep(self.take(start, at))


def encode(value: int) -> bytes:
    """The number as protobuf writes it, seven bits a byte."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
