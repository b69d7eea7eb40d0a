"""Files of records as they are kept: plain or compressed, a record a line or one document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import zstandard


def text_of(path: Path) -> bytes:
    """What a file holds, unpacked."""
    body = path.read_bytes()
    return zstandard.ZstdDecompressor().stream_reader(body).read() if path.suffix == ".zst" else body


def is_a(path: Path, *endings: str) -> bool:
    return path.is_file() and path.name.removesuffix(".zst").endswith(endings)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Of an .ndjson file, or the one or several of a .json file."""
    body = text_of(path)
    if path.name.removesuffix(".zst").endswith(".ndjson"):
        yield from (orjson.loads(line) for line in body.splitlines() if line.strip())
        return
    document = orjson.loads(body)
    yield from document if isinstance(document, list) else (document,)
