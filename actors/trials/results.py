"""What a trial found, as far as it is read: who went through it, what was measured, who was harmed. No I/O.

Numbers stand as the registry wrote them, for what looks like one may be "NA", "<0.001" or "1.2e-3"; only people are
counted here. A group is named by its place in the list of groups beside it.

These are structs, not dataclasses: a study has a thousand of them, and they are made, and become plain without what is
not stated, in a fifth of the time.
"""

import msgspec


class _Stated(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    pass


class Flow(_Stated, frozen=True):
    """How many of a group began a period of the trial, and how many came to its end."""

    period: str | None
    group: str
    started: int | None = None
    completed: int | None = None


class Value(_Stated, frozen=True):
    group: int
    label: str | None = None  # which class and category it is of: "Week 4", "Female"
    value: str | None = None
    spread: str | None = None
    lower: str | None = None
    upper: str | None = None


class Analysis(_Stated, frozen=True):
    """A comparison of groups. `estimate` is what `parameter` names, with its confidence interval."""

    groups: list[int] = []
    method: str | None = None
    p_value: str | None = None
    parameter: str | None = None
    estimate: str | None = None
    ci_percent: str | None = None
    ci_lower: str | None = None
    ci_upper: str | None = None


class Measured(_Stated, frozen=True):
    """An outcome with what was measured: `parameter` is a mean, a count, …, `dispersion` what a spread is."""

    kind: str | None  # PRIMARY, SECONDARY, …
    title: str
    time_frame: str | None = None
    unit: str | None = None
    parameter: str | None = None
    dispersion: str | None = None
    groups: list[str] = []
    values: list[Value] = []
    analyses: list[Analysis] = []


class Harmed(_Stated, frozen=True):
    """Of a group: how many died, had a serious adverse event, or another one, each of how many at risk."""

    group: str
    deaths: int | None = None
    deaths_at_risk: int | None = None
    serious: int | None = None
    serious_at_risk: int | None = None
    other: int | None = None
    other_at_risk: int | None = None


class Results(_Stated, frozen=True):
    """`left_out` counts what was beyond the bounds: it is in the record as it came."""

    flow: list[Flow] = []
    measures: list[Measured] = []
    harmed: list[Harmed] = []
    harm_time_frame: str | None = None
    harm_threshold_percent: str | None = None  # other adverse events that were rarer are not told
    serious_kinds: int | None = None  # different adverse events
    other_kinds: int | None = None
    left_out: int = 0
