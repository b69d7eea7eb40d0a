"""The service with job kinds for tests: `python -m tests.survive.node`, its settings from the environment."""

import os
import sys

import uvloop

from supervisor import logs
from supervisor.running import run_service
from supervisor.settings import Settings, read
from supervisor.wiring import open_service
from tests.survive.kinds import KINDS


async def main(settings: Settings) -> int:
    async with open_service(settings) as service:
        service.kinds.update(KINDS)
        return await run_service(service)


if __name__ == "__main__":
    given = read({}, os.environ, default_file=None)
    logs.set_up(form=given.log_format, level=given.log_level)
    sys.exit(uvloop.run(main(given)))
