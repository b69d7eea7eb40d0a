"""Trials of a site coded with the made-up world's MeSH."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.jobs import mesh_code
from actors.mesh import importing
from actors.mesh.coding import code_page
from actors.mesh.coding import store as coding
from actors.mesh.reading import Reader, here
from actors.trials.following import store as following
from demo import mesh_file
from tests.supervisor.web.asking import Api

if TYPE_CHECKING:
    import asyncpg


async def take_mesh(api: Api, folder: Path) -> None:
    await put_mesh(api.site.all_tenants, folder)


async def put_mesh(pool: "asyncpg.Pool[Any]", folder: Path) -> None:
    """The world's MeSH, and what is there coded with it."""
    mesh_file.write(folder / "desc2024.xml")
    async with pool.acquire() as db:
        await importing.import_file(db, folder / "desc2024.xml", run=here, after=_again)
    await _code(pool)


async def _again(db: Any) -> None:
    await following.everything(db, mesh_code.FOLLOWER)


async def code(api: Api) -> None:
    await _code(api.site.all_tenants)


async def _code(pool: "asyncpg.Pool[Any]") -> None:
    """What the job does."""
    async with pool.acquire() as db:
        reader = Reader(await coding.decisions(db), here)
        more = True
        while more:
            async with db.transaction():
                ids = await following.take(db, mesh_code.FOLLOWER)
                if more := bool(ids):
                    await code_page(db, ids, reader, here)
