"""What an embedder is. No I/O."""

from array import array
from collections.abc import Sequence
from typing import Protocol

from actors.trials.semantic.hashed_words import HASHED_WORDS


class Embedder(Protocol):
    """Turns texts into vectors of length 1; the nearer two are by their cosine, the more alike are the texts.

    `name` and `version` stand for the vectors: those of another name or version are made anew. `dimensions` are 2,000
    at most, which is what the index takes. `says` tells in a few words what the likeness is.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def says(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> list["array[float]"]:
        """One vector of 32-bit floats for each text, in the same order; all zero where a text says nothing."""
        ...


def mark(embedder: Embedder) -> str:
    """By whom vectors were made, as it is kept beside them and told to people: hashed-words-1."""
    return f"{embedder.name}-{embedder.version}"


def written(vector: "array[float]") -> str:
    """As PostgreSQL reads it, to four digits; empty for a vector that is all zero, which is near to nothing."""
    return f"[{','.join(map('%.4g'.__mod__, vector))}]" if any(vector) else ""


def written_vectors(embedder: Embedder, texts: Sequence[str]) -> list[str]:
    """A vector for each text, written. Takes about a millisecond each: work for another process."""
    return [written(vector) for vector in embedder.embed(texts)]


LOCAL: Embedder = HASHED_WORDS
