"""A plain client of a demo registry, as small as a test can read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

STUDIES = "/api/v2/studies"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


async def get(url: str, path: str = STUDIES, **params: str) -> Answer:
    """One GET; `filter__ids` stands for `filter.ids`."""
    return await fetch(url, path, {name.replace("__", "."): value for name, value in params.items()}, {})


async def fetch(url: str, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
    """On a connection of its own, redirects not followed."""
    timeout = aiohttp.ClientTimeout(total=30)
    async with (
        aiohttp.ClientSession(url, timeout=timeout) as session,
        session.get(path, params=params, headers=headers, allow_redirects=False) as response,
    ):
        return Answer(response.status, response.headers, await response.read())


async def post(url: str, path: str, body: Any) -> Answer:
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(url, timeout=timeout) as session, session.post(path, json=body) as response:
        return Answer(response.status, response.headers, await response.read())


async def pages(url: str, **params: str) -> AsyncIterator[dict[str, Any]]:
    """Every page of a list, following the tokens."""
    token: str | None = ""
    while token is not None:
        answer = await get(url, STUDIES, **params, **({"pageToken": token} if token else {}))
        assert answer.status == 200, answer.body
        yield answer.json
        token = answer.json.get("nextPageToken")


async def listed(url: str, **params: str) -> list[dict[str, Any]]:
    return [study async for page in pages(url, **params) for study in page["studies"]]


def nct(study: dict[str, Any]) -> str:
    return str(study["protocolSection"]["identificationModule"]["nctId"])


def updated(study: dict[str, Any]) -> str:
    return str(study["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"])


def posted(study: dict[str, Any]) -> str:
    return str(study["protocolSection"]["statusModule"]["studyFirstPostDateStruct"]["date"])


def status(study: dict[str, Any]) -> str:
    return str(study["protocolSection"]["statusModule"]["overallStatus"])
