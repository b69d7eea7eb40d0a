"""Starts the actors in order, watches them, restarts, scales and drains them, stops them in reverse order.

It decides nothing itself: `restarts` says what follows an end, `heartbeats` says who hangs, the autoscaler says how
many; `lives` holds the tasks. Every time round it compares what is wanted with what is there, so nothing that went
missing stays missing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from supervisor.copies import Copy, Roster
from supervisor.heartbeats import Watch, look
from supervisor.life import ActorState, Child, Life, State
from supervisor.lives import Lives
from supervisor.restarts import (
    Backoff,
    Decision,
    GiveUp,
    LeaveStopped,
    Limit,
    Restart,
    StartAgain,
    Strategy,
    crashes_in_a_row,
    decide,
    recent,
)
from supervisor.tasks import set_within

__all__ = ["ActorState", "Child", "GaveUp", "Life", "Restart", "State", "Supervisor"]

LOOK_EVERY_S = 1.0
OUTSIDE_MOST_S = 5.0  # between two tries of what fails by something outside: it may be back at any moment
LIMIT, BACKOFF = Limit(), Backoff()


class GaveUp(Exception):
    """Restarting does not help. Everything is stopped; only a new process can."""


def _silent(event: str, **fields: object) -> None:
    """Where nobody listens."""


class Supervisor:
    def __init__(
        self,
        children: Sequence[Child],
        *,
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        limit: Limit = LIMIT,
        backoff: Backoff = BACKOFF,
        emit: Callable[..., None] = _silent,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._children = {child.name: child for child in children}
        if len(self._children) != len(children):
            raise ValueError("two children bear one name")
        self._strategy, self._limit, self._backoff = strategy, limit, backoff
        self._emit, self._now, self._sleep, self._jitter = emit, now, sleep, jitter
        self._look_every_s = look_every_s
        self._wanted = {child.name: child.copies for child in children}
        self._copies = Roster(now)
        self._news = asyncio.Event()
        self._lives = Lives(emit, now=now, sleep=sleep, on_end=self._news.set)
        self._drained = asyncio.Event()
        self._watch = Watch(now(), now() + look_every_s)
        self._draining = False
        self._over = False

    # -- what others ask of it

    async def run(self) -> None:
        """Runs until cancelled or drained. Raises GaveUp when crashes come too fast, with all stopped."""
        self._lives.belong_here()
        self._watch = Watch(self._now(), self._now() + self._look_every_s)
        try:
            for child in self._children.values():
                self._match(child)
            while not self._over:
                await self._wait_for_news()
                await self._obey()
        finally:
            self._over = True
            self._drained.set()
            await self._stop(self._copies)

    async def scale(self, name: str, copies: int) -> None:
        """Growing starts copies before it returns; shrinking asks the newest to drain, and waits for none."""
        if name not in self._children or copies < 0:
            raise ValueError(f"cannot have {copies} of {name!r}; there are {', '.join(self._children)}")
        if self._draining or copies == self._wanted[name]:
            return
        self._wanted[name] = copies
        self._emit("actor.scaled", name=name, copies=copies)
        self._match(self._children[name])

    async def drain(self, grace_s: float) -> tuple[str, ...]:
        """Asks all to take no new work, waits, cancels the rest, ends `run`; tells who had not ended."""
        self._draining = True
        for child in reversed(self._children.values()):
            if child.drains:
                self._wanted[child.name] = 0
            for copy in self._copies.of(child):
                self._ask_to_drain(copy)
        unfinished = await self._all_drained(grace_s)
        self._emit("supervisor.drained", unfinished=unfinished, grace_s=grace_s)
        if not self._over:
            await self._stop(self._copies)
            self._over = True
            self._news.set()
        return unfinished

    async def _all_drained(self, grace_s: float) -> tuple[str, ...]:
        """Waits until nobody drains any more, those included that crash and live again; tells who still does."""
        until_s = self._now() + grace_s
        while (draining := self._labels_of_draining()) and not self._over and self._now() < until_s:
            self._drained.clear()
            await set_within(self._drained, until_s - self._now(), self._sleep)
        return draining

    def _labels_of_draining(self) -> tuple[str, ...]:
        copies = (copy for child in self._children.values() for copy in self._copies.of(child))
        return tuple(copy.label for copy in copies if copy.state is State.DRAINING)

    def snapshot(self) -> tuple[ActorState, ...]:
        """Every copy there is, in the order of start."""
        now = self._now()
        return tuple(copy.seen(now) for child in self._children.values() for copy in self._copies.of(child))

    def running(self) -> tuple[str, ...]:
        return tuple(f"{seen.name}/{seen.copy}" for seen in self.snapshot() if seen.state is State.RUNNING)

    @property
    def wanted(self) -> Mapping[str, int]:
        return MappingProxyType(self._wanted)

    @property
    def zombies(self) -> int:
        """Tasks that ignore being cancelled. While there is one, `asyncio.run` does not return."""
        return len(self._lives.zombies)

    # -- the loop

    async def _wait_for_news(self) -> None:
        dues = [copy.due_at for copy in self._copies if copy.due_at is not None]
        delay_s = max(0.0, min([self._watch.next_s, *dues]) - self._now())
        await set_within(self._news, delay_s, self._sleep)
        self._news.clear()

    async def _obey(self) -> None:
        while (ended := self._lives.next_end()) is not None:
            copy, error, outside = ended
            await self._after_end(copy, error, outside=outside)
        for copy in self._copies:
            if copy.due_at is not None and copy.due_at <= self._now():
                self._start(copy)
        if self._now() >= self._watch.next_s:
            await self._look_after_all()

    async def _look_after_all(self) -> None:
        now = self._now()
        self._watch, stalled_s = look(self._watch, now, self._look_every_s)
        if stalled_s:
            self._emit("supervisor.stalled", lag_s=stalled_s)
        for copy in self._copies:
            if copy.hangs(self._watch, now):
                self._lives.cancel_hung(copy, now)
            elif copy.task is not None and copy.ignores_cancel(self._watch, now):
                self._lives.abandon(copy, copy.task)
                await self._after_end(copy, copy.last_error)
        for child in self._children.values():
            self._match(child)

    def _match(self, child: Child) -> None:
        """Makes what is there what is wanted. A copy that drains is no longer counted."""
        if self._over:
            return
        wanted = self._wanted[child.name]
        for _ in range(wanted - len(self._copies.counted(child))):
            self._start(self._copies.add(child))
        for copy in self._copies.spare(child, wanted):
            self._ask_to_drain(copy)

    # -- one copy

    def _start(self, copy: Copy) -> None:
        self._lives.begin(copy, draining=self._draining)

    async def _after_end(self, copy: Copy, error: str | None, *, outside: bool = False) -> None:
        """`outside`: what it ended by is none of its own doing."""
        copy.task = copy.cancelled_at = None
        crashed = error is not None or copy.state is State.HUNG
        copy.last_error = copy.last_error if copy.state is State.HUNG else error or copy.last_error
        if crashed:
            told = {"reason": "outside"} if outside else {}
            self._emit("actor.crashed", name=copy.child.name, copy=copy.number, error=copy.last_error, **told)
        spare = len(self._copies.counted(copy.child)) > self._wanted[copy.child.name]
        unfinished = crashed and self._draining and copy.child.restart is not Restart.NEVER
        if (copy.state is State.DRAINING or spare) and not unfinished:
            self._copies.remove(copy)
            self._drained.set()
            self._emit("actor.drained", name=copy.child.name, copy=copy.number)
            return
        match self._decide(copy, crashed=crashed, outside=outside):
            case LeaveStopped():
                copy.state = State.STOPPED
                self._emit("actor.stopped", name=copy.child.name, copy=copy.number)
            case GiveUp(reason):
                self._emit("supervisor.gave_up", name=copy.child.name, reason=reason)
                raise GaveUp(reason)
            case StartAgain(names, after_s):
                await self._start_again(copy, names, after_s)

    def _decide(self, copy: Copy, *, crashed: bool, outside: bool) -> Decision:
        now, backoff = self._now(), self._backoff
        if outside:
            backoff = replace(backoff, most_s=min(backoff.most_s, OUTSIDE_MOST_S))
        else:
            copy.ends = (*copy.ends, now)
        copy.ends = recent(copy.ends, now, self._limit.period_s)
        copy.in_a_row = crashes_in_a_row(copy.in_a_row, now - copy.began_at, self._backoff)
        return decide(
            name=copy.child.name,
            restart=copy.child.restart,
            crashed=crashed,
            ends=copy.ends,
            in_a_row=copy.in_a_row,
            order=tuple(self._children),
            strategy=self._strategy,
            limit=self._limit,
            backoff=backoff,
            jitter=self._jitter(),
        )

    async def _start_again(self, copy: Copy, names: tuple[str, ...], after_s: float) -> None:
        """Stops those that must go along, then has all of them started at the same later moment."""
        along = [other for other in self._copies if other is not copy and self._goes_along(other, copy, names)]
        copy.state = State.STARTING
        await self._stop(along)
        for one in [copy, *(other for other in along if other.child.restart is not Restart.NEVER)]:
            self._due(one, after_s)
            one.restarts += 1
        self._emit("actor.restarting", name=copy.child.name, copy=copy.number, after_s=after_s)

    def _due(self, copy: Copy, after_s: float) -> None:
        """While all drain, one that drains counts as such also until its next life."""
        draining = self._draining and copy.child.drains
        copy.state, copy.due_at = State.DRAINING if draining else State.STARTING, self._now() + after_s

    def _goes_along(self, other: Copy, ended: Copy, names: tuple[str, ...]) -> bool:
        """Copies of one child are peers: one's end takes the others along only in one_for_all."""
        peers = other.child is ended.child and self._strategy is not Strategy.ONE_FOR_ALL
        done = other.state is State.STOPPED and other.child.restart is not Restart.ALWAYS
        return other.child.name in names and not peers and not done and other.state is not State.DRAINING

    def _ask_to_drain(self, copy: Copy) -> None:
        copy.life.draining.set()
        if self._draining and not copy.child.drains:
            return
        if self._draining and copy.due_at is not None:  # it crashed with work in hand, and its next life ends that
            self._due(copy, 0.0)
            self._news.set()
        elif copy.task is None:
            self._copies.remove(copy)
        else:
            copy.state = State.DRAINING
            self._emit("actor.draining", name=copy.child.name, copy=copy.number)

    # -- stopping

    async def _stop(self, copies: Iterable[Copy]) -> None:
        """In reverse order of start, all copies of one child together."""
        chosen = list(copies)
        for child in reversed(self._children.values()):
            await self._lives.end(child, [copy for copy in chosen if copy.child is child])
