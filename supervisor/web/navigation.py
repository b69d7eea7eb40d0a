"""What the top of every page leads to, for whom. No I/O.

A page belongs to a part by its `here`. What everybody looks at each day stands in the row; the rest is in menus.
"""

from dataclasses import dataclass

from supervisor.roles import Role
from supervisor.web.route import Who


@dataclass(frozen=True, slots=True)
class Link:
    """`here` is what its pages call themselves."""

    path: str
    name: str
    here: str
    role: Role = Role.VIEWER
    at_home: bool = False

    def is_for(self, who: Who) -> bool:
        return who.may(self.role) and (who.is_home or not self.at_home)


ROW = (
    Link("/", "Dashboard", "dashboard"),
    Link("/trials", "Trials", "trials"),
    Link("/duplicates", "Duplicates", "duplicates"),
    Link("/mesh", "MeSH", "mesh"),
    Link("/watching", "Watching", "watching"),
    Link("/reports/daily", "Reports", "reports"),
    Link("/registries", "Registries", "registries"),
    Link("/alerts", "Alerts", "alerts"),
)
MORE = (
    Link("/projects", "Projects", "projects"),
    Link("/webhooks", "Webhooks", "webhooks"),
    Link("/scrapes", "Scrapes", "scrapes"),
    Link("/jobs", "Jobs", "jobs"),
    Link("/schedules", "Schedules", "schedules"),
    Link("/docs/api", "For programs", "api"),
)
OWN = (
    Link("/account", "Your account", "account"),
    Link("/users", "Users", "users", Role.ADMIN),
    Link("/approvals", "Approvals", "approvals"),
    Link("/audit", "Audit", "audit", Role.STEWARD),
    Link("/governance", "Mode and flags", "governance"),
    Link("/settings", "Settings", "settings", Role.OPERATOR, at_home=True),
)


@dataclass(frozen=True, slots=True)
class Navigation:
    row: tuple[Link, ...]
    more: tuple[Link, ...]
    own: tuple[Link, ...]


def navigation(who: Who) -> Navigation:
    """What this one may open; before the password was changed that is the account alone."""
    if who.must_change:
        return Navigation((), (), OWN[:1])
    row, more, own = (tuple(link for link in links if link.is_for(who)) for links in (ROW, MORE, OWN))
    return Navigation(row, more, own)
