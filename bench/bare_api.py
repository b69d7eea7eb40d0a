"""What the interface is measured against: a bare aiohttp handler that fetches a trial and hands its record on.

python -m bench.bare_api --database URL --port PORT
"""

import argparse
import asyncio

import asyncpg
import uvloop
from aiohttp import web

ONE = "select id, registry, registry_id, version, record::text from trials where id = $1"


async def serve(dsn: str, port: int) -> None:
    async with asyncpg.create_pool(dsn, min_size=8, max_size=20) as pool:
        app = web.Application()

        async def show(request: web.Request) -> web.Response:
            row = await pool.fetchrow(ONE, int(request.match_info["id"]))
            record = b"null" if row is None else row["record"].encode()
            return web.Response(body=record, content_type="application/json")

        app.router.add_get("/api/v1/trials/{id}", show)
        app.router.add_get("/ready", _ready)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


async def _ready(request: web.Request) -> web.Response:
    return web.Response(text="ready")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    uvloop.run(serve(given.database, given.port))
