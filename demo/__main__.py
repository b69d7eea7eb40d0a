"""`python -m demo COMMAND`: dispatch only."""

from __future__ import annotations

import sys

from demo import mesh_file, oidc_serve, serve, truth


def main(arguments: list[str]) -> int:
    match arguments:
        case ["serve", *rest]:
            return serve.run(rest)
        case ["truth", *rest]:
            return truth.run(rest)
        case ["mesh", *rest]:
            return mesh_file.run(rest)
        case ["oidc", *rest]:
            return oidc_serve.run(rest)
        case _:
            print("usage: python -m demo serve [--trials N] [--seed S] [--port P] [--records DIR] …", file=sys.stderr)
            print("       python -m demo truth [--trials N] [--seed S] [--day D]", file=sys.stderr)
            print("       python -m demo mesh FILE", file=sys.stderr)
            print("       python -m demo oidc [--port P] [--back-to URL]", file=sys.stderr)
            return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
