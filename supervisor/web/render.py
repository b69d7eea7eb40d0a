"""Pages from templates. Everything that goes in is escaped, unless it was made as HTML by `marked`."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from supervisor.web import wording
from supervisor.web.navigation import navigation

FOLDER = Path(__file__).parent / "pages"


class Pages:
    """The templates of the folder beside this file; each page tells the mode of the service where it is not LIVE."""

    def __init__(self, folder: Path = FOLDER, *, mode: Callable[[], str] = lambda: "LIVE") -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= wording.FILTERS
        self._environment.globals |= {"navigation": navigation, "service_mode": mode}

    def render(self, name: str, **given: object) -> str:
        return self._environment.get_template(name).render(**given)
