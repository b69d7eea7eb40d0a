"""`python -m demo oidc`: an issuer to log in by, with a few people who are not, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal

import uvloop

from demo.oidc import Issuer, Person

CALLBACK = "http://127.0.0.1:8080/auth/oidc/callback"
PEOPLE = (
    Person("1001", "ada@example.org", name="Ada Example"),
    Person("1002", "grace@example.org", name="Grace Example"),
    Person("1003", "mallory@example.org", email_verified=False, name="Mallory Example"),
)


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo oidc", description="An OpenID Connect issuer on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--back-to", default=CALLBACK, help="where people may be sent back to")
    options = parser.parse_args(arguments)
    uvloop.run(_serve(options.port, options.back_to))
    return 0


async def _serve(port: int, back_to: str) -> None:
    issuer = Issuer(people={one.email or one.subject: one for one in PEOPLE}, back_to={back_to}, port=port)
    done = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    await issuer.open()
    print(f"TRIALD_OIDC_ISSUER={issuer.url} TRIALD_OIDC_CLIENT_ID={issuer.client}")
    print(f"TRIALD_OIDC_CLIENT_SECRET='{issuer.client_secret}' TRIALD_OIDC_NEW_ROLE=viewer")
    for one in PEOPLE:
        print(f"{one.email}  {one.password}  {'verified' if one.email_verified else 'not verified'}", flush=True)
    await done.wait()
    await issuer.close()
