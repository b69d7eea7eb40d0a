"""What may be found in which field of a trial: the categories of the tree, and what says nothing there. No I/O.

A condition is a disease or a disorder of mind, an intervention a substance. What stands as the whole of a text is taken
as it is; what is only a part of it must say more: "Primary Peritoneal Cavity Cancer" is not just Neoplasms.
"""

from dataclasses import dataclass, field
from typing import Literal

from actors.mesh.tree import Tree, depth, is_under

About = Literal["condition", "intervention", "procedure"]


@dataclass(frozen=True, slots=True)
class Scope:
    """`parts` and `never` are places in the tree, or whole categories; `salts` are words."""

    about: About
    letters: frozenset[str]
    parts: tuple[str, ...]  # where a heading that is found in a part of a text must stand
    not_parts: tuple[str, ...] = ()  # and where it must not
    parts_from_depth: int = 2  # places above this one are too general to be meant by a part
    never: tuple[str, ...] = ()  # what names no thing of this field, even as the whole text
    loose: bool = True  # parts are read in any order of words too, and slips of the pen are put right
    salts: frozenset[str] = field(default_factory=frozenset)  # after a substance these are its form, not another one
    general: tuple[str, ...] = ()  # where a term must stand that is meant beside a narrower one in whose words it is
    not_general: tuple[str, ...] = ()


DISEASE = "C23.550.288"  # Disease and what qualifies it: Acute Disease, Syndrome, Recurrence
SIGNS = "C23.888"  # Signs and Symptoms
PROCESSES = "C23"  # Pathological Conditions, Signs and Symptoms

NO_SUBSTANCE = ("D26.255", "D26.660")  # Dosage Forms, Placebos
COMBINATIONS = "D26.310"  # Drug Combinations, which are named after what is in them

CONDITIONS = Scope(
    "condition",
    letters=frozenset("CF"),
    parts=("C", "F03"),  # of F only Mental Disorders: "risk reduction" in a text is no condition
    not_parts=(DISEASE,),
    general=("C", "F03"),
    not_general=(DISEASE, SIGNS),
)
SUBSTANCES = Scope(
    "intervention",
    letters=frozenset("D"),
    parts=("D",),
    not_parts=("D23.050", "D23.101", "D26.776"),  # Antigens, Biomarkers, Solutions
    never=NO_SUBSTANCE,
    general=("D",),
    loose=False,  # names of substances are exact: another order or a number makes another one
    salts=frozenset((
        "acetate", "besylate", "bitartrate", "bromide", "calcium", "chloride", "citrate", "dihydrate",
        "disodium", "fumarate", "gluconate", "hcl", "hydrobromide", "hydrochloride", "lactate", "magnesium",
        "maleate", "mesylate", "monohydrate", "nitrate", "pamoate", "phosphate", "potassium", "sodium",
        "succinate", "sulfate", "sulphate", "tartrate", "tosylate",
    )),
)  # fmt: skip
PROCEDURES = Scope(
    "procedure",
    letters=frozenset("E"),
    parts=("E02", "E03", "E04", "E06"),  # Therapeutics, Anesthesia, Surgical Procedures, Dentistry
    parts_from_depth=1,
    never=NO_SUBSTANCE,
)


def may_be(ui: str, scope: Scope, tree: Tree) -> bool:
    """Whether a heading can be what a text in this field is about."""
    return not any(_is_in(number, scope.never) for number in tree.numbers(ui))


def may_be_part(ui: str, scope: Scope, tree: Tree) -> bool:
    """Whether a heading says enough to be meant by a part of a text. Supplementary records always do."""
    if not tree.numbers(ui):
        return ui.startswith("C")
    return may_be(ui, scope, tree) and _says(ui, scope.parts, scope.not_parts, scope.parts_from_depth, tree)


def may_be_general(ui: str, scope: Scope, tree: Tree) -> bool:
    """Whether a general term may be meant beside a narrower one: no category, no sign, no mere quality of a disease."""
    return _says(ui, scope.general, scope.not_general, 1, tree)


def _says(ui: str, places: tuple[str, ...], others: tuple[str, ...], from_depth: int, tree: Tree) -> bool:
    numbers = tree.numbers(ui)
    return (
        all(depth(number) >= from_depth for number in numbers)
        and any(_is_in(number, places) for number in numbers)
        and not any(_is_in(number, others) for number in numbers)
    )


def _is_in(number: str, places: tuple[str, ...]) -> bool:
    return any(place in (number[0], number) or is_under(number, place) for place in places)
