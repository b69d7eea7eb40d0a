"""JSON values changed at a few places, for tests of readers that must survive any shape. No I/O."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(["", " ", "N/A", "31/02/2024", "0000-00-00", "9999-99-99T", "\ud800", "\0"]),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3)), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """`value` with some of its members replaced by anything, or taken away."""
    changed = {"": copy.deepcopy(value)}
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(changed))
        at, name = places[draw(st.integers(0, len(places) - 1))]
        if draw(st.booleans()) or at is changed:
            at[name] = draw(ANYTHING)
        else:
            del at[name]
    return changed.get("")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in list(members):
        yield value, name
        yield from _places(member)
