"""What is attacked: the running site, over a real socket."""

from tests.supervisor.web.conftest import api, site, stock

__all__ = ["api", "site", "stock"]
