"""The web: HTTP, WebSocket and pages over what the service knows.

    request ──▶ answering ──▶ door ──▶ mounted ──▶ handler(call) ──▶ value or response
                id, log,      Host,    token, rate,  decodes nothing:
                errors,       Origin   role, query,  asks one store function
                headers                body, once

A file of routes/ is one resource; it ends in `RESOURCE`. A handler says by its annotations what it takes and what it
answers: `async def search(call: Call[SearchQuery, Nothing]) -> TrialsPage`. From the same annotations come the checks
of query and body, and /openapi.json. A command (any method but GET) runs in one transaction, with its Idempotency-Key
kept in the same transaction: its effect is there once, and so is its key, or neither.
"""
