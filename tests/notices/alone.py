"""A notifier in a process of its own, for tests to kill: `python -m tests.notices.alone DSN URL PORT`."""

import asyncio
import sys

import asyncpg

from actors.notices.alerts.telling import Rule
from actors.notifier import Notifier, by_pager
from actors.runtime.post import Post
from tests.notices.telling import KEY


async def main(dsn: str, url: str, port: int) -> None:
    async with (
        asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool,
        Post(agent="tests", own=[("127.0.0.1", port)], timeout_s=60.0) as post,
    ):
        ways = {"pagerduty": by_pager(post, url, routing_key=KEY, source="test", link=None)}
        one = Notifier(pool, ways, Rule())
        await one.decide()
        await one.send_all("pagerduty")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
