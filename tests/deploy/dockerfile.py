"""A Dockerfile as far as ours goes: its stages and their instructions. No I/O."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Instruction:
    word: str  # FROM, RUN, … in capitals
    rest: str


@dataclass(slots=True)
class Stage:
    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        return [one.rest for one in self.instructions if one.word == word]


def stages(text: str) -> list[Stage]:
    """In their order; what stands before the first FROM is left out, its ARGs are filled in."""
    found: list[Stage] = []
    arguments: dict[str, str] = {}
    for line in _logical_lines(text):
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "ARG" and not found:
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif word == "FROM":
            base, _, name = re.sub(r"\$\{(\w+)\}", lambda one: arguments[one[1]], rest).partition(" AS ")
            found.append(Stage(base, name))
        else:
            found[-1].instructions.append(Instruction(word, rest))
    return found


def _logical_lines(text: str) -> list[str]:
    """Without comments; a line that ends with a backslash goes on with the next."""
    kept = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return re.sub(r"\\\n\s*", "", "\n".join(kept)).splitlines()
