"""Jobs: looked at, explained, retried, cancelled, discarded."""

from supervisor.roles import Role
from supervisor.web import job_commands as commands
from supervisor.web.route import Resource, Route

RESOURCE = Resource(
    "jobs",
    (
        Route("GET", "/api/v1/jobs", commands.jobs, Role.VIEWER),
        Route("POST", "/api/v1/jobs/requeue", commands.requeue, Role.OPERATOR),
        Route("POST", "/api/v1/jobs/discard", commands.discard, Role.OPERATOR),
        Route("POST", "/api/v1/jobs/rescue", commands.rescue, Role.OPERATOR),
        Route("GET", "/api/v1/jobs/{id}", commands.show, Role.VIEWER),
        Route("GET", "/api/v1/jobs/{id}/explain", commands.explain, Role.VIEWER),
        Route("POST", "/api/v1/jobs/{id}/retry", commands.retry, Role.OPERATOR),
        Route("POST", "/api/v1/jobs/{id}/run", commands.run_now, Role.OPERATOR),
        Route("POST", "/api/v1/jobs/{id}/release", commands.release, Role.OPERATOR),
        Route("POST", "/api/v1/jobs/{id}/cancel", commands.cancel, Role.OPERATOR),
    ),
    of_registries=False,
)
