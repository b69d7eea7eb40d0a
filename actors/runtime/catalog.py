"""Finds one-file plugins: every module of a folder ends in one constant that says what it is.

Chosen over decorators (registration as a side effect of an import) and over a central list (two files to
touch for each addition).
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable
from types import ModuleType
from typing import Protocol, TypeVar


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class BadPlugin(Exception):
    """A file of a plugin folder does not say what it is; the message names the file. It stops the start."""


def catalog(
    package: ModuleType | str, constant: str, kind: type[T], *, only: Iterable[str] | None = None
) -> dict[str, T]:
    """The constant of every module of a package, by its name, in the order of names. Raises BadPlugin.

    Where a name is a word of Python, its file ends in `_`: import_.py has `import`. Modules of names other than
    `only` are not imported.
    """
    folder = package if isinstance(package, str) else package.__name__
    wanted = [file for name, file in names(folder).items() if only is None or name in only]
    plugins = (_plugin(importlib.import_module(f"{folder}.{file}"), constant, kind) for file in wanted)
    return {plugin.name: plugin for plugin in plugins}


def names(package: str) -> dict[str, str]:
    """The modules of a package by the names of their plugins, in order; nothing is imported."""
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    files = sorted(module.name for module in pkgutil.iter_modules(places or []))
    return {file.removesuffix("_"): file for file in files}


def _plugin(module: ModuleType, constant: str, kind: type[T]) -> T:
    found = getattr(module, constant, None)
    if not isinstance(found, kind):
        what = "does not end in" if found is None else f"has a {type(found).__name__} for"
        raise BadPlugin(f"{module.__file__} {what} a constant {constant} of type {kind.__name__}")
    name = module.__name__.rpartition(".")[2].removesuffix("_")
    if found.name != name:
        raise BadPlugin(f"{module.__file__}: its {constant} is named {found.name!r}, not {name!r} as the file is")
    return found
