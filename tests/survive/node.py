"""The service with job kinds for tests: `python -m tests.survive.node`, its settings from the environment."""

import os
import sys

import uvloop

from supervisor import logs
from supervisor.running import Host, Stopped, leave, opened, run_service
from supervisor.settings import Settings, read
from tests.survive.kinds import KINDS


async def main(settings: Settings) -> int:
    host, code = Host(), 0
    try:
        async with opened(settings, host) as service:
            service.kinds.update(KINDS)
            code = await run_service(service, host)
    except Stopped:
        pass
    leave(code)
    return code


if __name__ == "__main__":
    given = read({}, os.environ, default_file=None)
    logs.set_up(form=given.log_format, level=given.log_level)
    sys.exit(uvloop.run(main(given)))
