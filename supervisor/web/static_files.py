"""Styles and scripts: read once at the start, known by name, never looked up on the disk by what a request says."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = MappingProxyType({
    ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    media_type: str
    etag: str


def read_static(folder: Path = FOLDER) -> dict[str, StaticFile]:
    """Every file by its name."""
    return {
        file.name: StaticFile(body, MEDIA_TYPES[file.suffix], sha256(body).hexdigest()[:16])
        for file in sorted(folder.iterdir())
        if file.suffix in MEDIA_TYPES
        for body in (file.read_bytes(),)
    }
