"""A plugin folder is read whole, and a file that does not say what it is stops the start."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from actors.runtime.catalog import BadPlugin, catalog, names


@dataclass(frozen=True, slots=True)
class Fruit:
    name: str


PLUGIN = f"from {__name__} import Fruit\nFRUIT = Fruit({{0!r}})\n"
Folder = Callable[[dict[str, str]], str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Makes a package of the given files and gives its import name."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(files: dict[str, str]) -> str:
        package = f"fruits_{uuid4().hex}"
        (tmp_path / package).mkdir()
        for name, text in {"__init__": "", **files}.items():
            (tmp_path / package / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return package

    return make


def test_every_file_of_the_folder_is_found_by_its_name(folder: Folder) -> None:
    package = folder({name: PLUGIN.format(name) for name in ("pear", "apple")})
    expected = {"apple": Fruit("apple"), "pear": Fruit("pear")}
    assert list(catalog(package, "FRUIT", Fruit).items()) == list(expected.items())
    assert catalog(importlib.import_module(package), "FRUIT", Fruit) == expected


def test_what_is_not_asked_for_is_not_imported(folder: Folder) -> None:
    package = folder({"apple": PLUGIN.format("apple"), "import_": PLUGIN.format("import"), "wrong": "1 / 0\n"})
    assert list(names(package)) == ["apple", "import", "wrong"]
    assert catalog(package, "FRUIT", Fruit, only=["import"]) == {"import": Fruit("import")}


def test_an_empty_folder_is_an_empty_catalogue(folder: Folder) -> None:
    assert catalog(folder({}), "FRUIT", Fruit) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", r"apple\.py does not end in a constant FRUIT of type Fruit"),
        ("FRUIT = 'apple'\n", r"apple\.py has a str for a constant FRUIT of type Fruit"),
        (PLUGIN.format("pear"), r"apple\.py: its FRUIT is named 'pear', not 'apple'"),
    ],
)
def test_a_file_that_does_not_say_what_it_is_stops_the_start(folder: Folder, text: str, message: str) -> None:
    package = folder({"apple": text, "cherry": PLUGIN.format("cherry")})
    with pytest.raises(BadPlugin, match=message):
        catalog(package, "FRUIT", Fruit)


def test_a_file_that_cannot_be_imported_stops_the_start(folder: Folder) -> None:
    with pytest.raises(ZeroDivisionError):
        catalog(folder({"apple": "1 / 0\n"}), "FRUIT", Fruit)
