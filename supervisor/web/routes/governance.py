"""The mode of the service, and its flags."""

from actors.errors import Refusal
from actors.governance.flags import store as flags
from actors.governance.mode import Mode
from supervisor.roles import Role
from supervisor.web import governance_answers as answers
from supervisor.web import governance_commands as commands
from supervisor.web.governance_answers import (
    Dropped,
    FlagChange,
    FlagsList,
    FlagTold,
    ModeSwitch,
    ModeTold,
    NewRule,
    RuleMade,
    RulesList,
)
from supervisor.web.governing import note
from supervisor.web.route import Call, Nothing, Resource, Route


async def mode(call: Call[Nothing, Nothing]) -> ModeTold:
    """What the service may do at all: LIVE, DEMO or STANDBY."""
    holds = await call.site.mode.current()
    return answers.mode(holds, call.site.mode.chosen)


async def switch(call: Call[Nothing, ModeSwitch]) -> ModeTold:
    """Another mode, which every process obeys within two seconds."""
    return await commands.switch_mode(call, Mode(call.body.mode), call.body.because)


async def listed(call: Call[Nothing, Nothing]) -> FlagsList:
    """Every flag, and whether it is on for you."""
    return FlagsList(await commands.all_flags(call))


async def change(call: Call[Nothing, FlagChange]) -> FlagTold:
    """A flag is made, or what is given of it changes."""
    name, given = call.word("name"), call.body
    note(call, is_on=given.is_on, rollout=given.rollout, modes=given.modes)
    done = await flags.put(
        call.db, name, on=given.is_on, rollout=given.rollout, modes=given.modes, says=given.says, by=call.who.login
    )
    return next(one for one in await commands.all_flags(call) if one.name == done.name)


async def drop(call: Call[Nothing, Nothing]) -> Dropped:
    """A flag is forgotten, and off."""
    await flags.drop(call.db, call.word("name"))
    return Dropped(True)


async def rules(call: Call[Nothing, Nothing]) -> RulesList:
    """What differs of a flag for organisations and people."""
    name = call.word("name")
    async with call.site.all_tenants.acquire() as db:
        await flags.flag(db, name)
        return RulesList(name, tuple(answers.rule(one) for one in await flags.rules(db, name)))


async def add_rule(call: Call[Nothing, NewRule]) -> RuleMade:
    """What holds for one organisation, or for one person, from now on."""
    name, given = call.word("name"), call.body
    note(call, is_on=given.is_on, rollout=given.rollout, scope="USER" if given.login else "ORGANIZATION")
    await commands.see_everybody(call)
    if given.login is not None and given.tenant is None:
        made = await flags.put_user_rule(call.db, name, given.login, on=given.is_on, rollout=given.rollout)
    elif given.tenant is not None and given.login is None:
        made = await flags.put_tenant_rule(call.db, name, given.tenant, on=given.is_on, rollout=given.rollout)
    else:
        raise Refusal("tenant: expected either this or login", field="tenant")
    return RuleMade(name, made)


async def drop_rule(call: Call[Nothing, Nothing]) -> Dropped:
    """It differs no more."""
    await flags.drop_rule(call.db, call.word("name"), call.id("rule"))
    return Dropped(True)


MODE, FLAG = "/api/v1/governance/mode", "/api/v1/governance/flags/{name}"

RESOURCE = Resource(
    "governance",
    (
        Route("GET", MODE, mode, Role.ANYONE, in_standby=True, metered=False),
        Route("POST", MODE, switch, Role.ADMIN, at_home=True, in_standby=True),
        Route("GET", "/api/v1/governance/flags", listed, Role.VIEWER, in_standby=True),
        Route("POST", FLAG, change, Role.ADMIN, at_home=True),
        Route("DELETE", FLAG, drop, Role.ADMIN, at_home=True),
        Route("GET", f"{FLAG}/rules", rules, Role.ADMIN, at_home=True),
        Route("POST", f"{FLAG}/rules", add_rule, Role.ADMIN, at_home=True, status=201),
        Route("DELETE", f"{FLAG}/rules/{{rule}}", drop_rule, Role.ADMIN, at_home=True),
    ),
    of_registries=False,
)
