"""Bytes in, a ModelProto without weights out; whatever is no model is told apart here."""

from __future__ import annotations

import json
import mmap
import os
import stat
from pathlib import Path

import onnx
from google.protobuf import json_format, text_format
from google.protobuf.message import DecodeError, Message

from costmodel.errors import ModelError
from costmodel.frontends.onnx.limits import Stopped, stoppable
from costmodel.frontends.onnx.wire import Buffer, skeleton

TEXT = {".onnxtxt": "onnxtxt", ".textproto": "textproto", ".prototxt": "textproto",
        ".pbtxt": "textproto", ".onnxjson": "json", ".json": "json"}  # fmt: skip
"""Text forms by their file extension."""

MAX_TEXT = 64 * 1024 * 1024

NOT_MODELS = (
    (b"version https://git-lfs", "a Git LFS pointer; fetch the file with `git lfs pull`"),
    (b"PK\x03\x04", "a zip archive; unpack it, or export the network to ONNX"),
    (b"\x80\x02", "a Python pickle; export the network to ONNX"),
    (b"\x80\x03", "a Python pickle; export the network to ONNX"),
    (b"\x80\x04", "a Python pickle; export the network to ONNX"),
    (b"\x80\x05", "a Python pickle; export the network to ONNX"),
    (b"\x89HDF", "an HDF5 file; export the network to ONNX"),
    (b"\x1f\x8b", "a gzip file; unpack it"),
    (b"\x89PNG", "a PNG picture"),
    (b"%PDF", "a PDF document"),
    (b"ORTM", "an ONNX Runtime .ort file; give the .onnx file that it was made from"),
)
"""First bytes of files that are often given for a model, and what to do."""


def load(source: str | Path | bytes | onnx.ModelProto) -> onnx.ModelProto:
    """Read a model's architecture.

    Raises:
        ModelError: what stands there is no ONNX model.
    """
    if isinstance(source, onnx.ModelProto):
        return source
    if isinstance(source, bytes):
        return parse(source)
    path = Path(source)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise ModelError("expected a file, found a directory")
        if not stat.S_ISREG(mode):
            raise ModelError("expected a regular file, found a device or a pipe")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                raise ModelError("expected an ONNX model, found an empty file")
            if path.suffix.lower() in TEXT:
                return parse(file.read(MAX_TEXT + 1), TEXT[path.suffix.lower()])
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                if hasattr(mapped, "madvise"):  # few pages are read: none on suspicion
                    mapped.madvise(mmap.MADV_RANDOM)
                return parse(mapped)
    except OSError as error:
        raise ModelError(f"expected a readable file, found: {error.strerror or error}") from None


def parse(data: Buffer, form: str = "protobuf") -> onnx.ModelProto:
    """A ModelProto without its weights, from its binary or text form."""
    if not len(data):
        raise ModelError("expected an ONNX model, found nothing")
    start = bytes(data[:64])
    for magic, found in NOT_MODELS:
        if start.startswith(magic):
            raise ModelError(f"expected an ONNX model, found {found}")
    if start[4:8] == b"TFL3":
        raise ModelError(
            "expected an ONNX model, found a TensorFlow Lite file; export the network to ONNX"
        )
    form = _form_of(bytes(data[:4096])) if form == "protobuf" else form
    if start.lstrip()[:1] == b"<" and form == "protobuf":
        raise ModelError("expected an ONNX model, found HTML or XML: the download may have failed")
    if form != "protobuf":
        data = _from_text(bytes(data), form)
    cut = skeleton(data)
    try:
        model = onnx.ModelProto.FromString(cut)
    except DecodeError:
        raise ModelError("expected an ONNX protobuf, found bytes that are none") from None
    if not model.HasField("graph"):
        raise ModelError("expected an ONNX model, found a protobuf without a graph")
    return model


def _form_of(start: bytes) -> str:
    """The form of a model by its first bytes, for one without a name that tells."""
    head = start.lstrip()
    if head.startswith(b"<") and b"ir_version" in head:
        return "onnxtxt"
    if head.startswith(b"{") and b"irVersion" in head:
        return "json"
    return "textproto" if head.startswith((b"ir_version:", b"graph {")) else "protobuf"


def check_text(message: Message) -> None:
    """Raise ModelError where a name is no text; protobuf hands such ones over as bytes."""
    for field, value in message.ListFields():
        single = isinstance(value, (Message, bytes, str, int, float))
        for each in [value] if single else value:
            if isinstance(each, Message):
                check_text(each)
            elif isinstance(each, bytes) and field.type == field.TYPE_STRING:
                raise ModelError(
                    f"expected names in UTF-8, found {each[:40]!r} as a '{field.name}'"
                )


def _from_text(data: bytes, form: str) -> bytes:
    """The binary form of a model in text; parsed where a parser that crashes does no harm."""
    if len(data) > MAX_TEXT:
        raise ModelError(
            f"expected a text model of at most {MAX_TEXT:,} bytes; give the binary .onnx file"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ModelError("expected a model as UTF-8 text, found bytes that are none") from None

    def work(_: object) -> bytes:
        if form == "onnxtxt":
            return onnx.parser.parse_model(text).SerializeToString()
        model = onnx.ModelProto()
        if form == "json":
            json_format.Parse(text, model)
        else:
            text_format.Parse(text, model)
        return model.SerializeToString()

    try:
        return stoppable(work)
    except Stopped:
        raise ModelError(
            f"expected a model as {form}, found text that its parser does not survive"
        ) from None
    except (
        onnx.parser.ParseError,
        json_format.ParseError,
        text_format.ParseError,
        json.JSONDecodeError,
    ) as error:
        said = error.args[0] if error.args else ""
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise ModelError(
            f"expected a model as {form}, found: {' '.join(said.split())[:200]}"
        ) from None
