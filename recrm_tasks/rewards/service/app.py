"""The service: who may ask, what is refused, and who gets which rewards."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards.agent_turn import Reading
from recrm_tasks.rewards.batch_reward import BatchReward
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.episode import Episode, EpisodeRewards
from recrm_tasks.rewards.reward import Reward
from recrm_tasks.rewards.service.in_hand import InHand, Limits
from recrm_tasks.rewards.service.local_hosts import is_local
from recrm_tasks.rewards.service.metrics import Metrics
from recrm_tasks.rewards.service.nemo_gym_form import read_rollout, verified
from recrm_tasks.rewards.service.openrlhf_form import answered, read_queries
from recrm_tasks.rewards.service.refusal import Refusal
from recrm_tasks.rewards.service.request_body import read_cases, read_episodes
from recrm_tasks.rewards.service.work import Work, work_of

_log = logging.getLogger(__name__)

_TOGETHER = 64
"""Cases whose questions are made in one go; meanwhile nobody else is served."""
_GROUPS = 16
"""Such groups of one request that are judged at a time, so that not all of its questions are made at once."""
_GROUP_CHARACTERS = 2**20
"""Characters of the questions about them, but for one long case."""
_LONGEST_WAIT = 60
"""Seconds that a refused client is told to wait at most."""
_GONE = 499
"""What is counted if the client goes away; nginx has the number too."""

_UNREAD = (401, 408, 413, 415, 421, 429)
"""Statuses of requests whose body may not have been read to its end."""

S = TypeVar("S")
R = TypeVar("R")
Handler = Callable[[Request], Awaitable[Response]]


def reward_app(
    rewards: EpisodeRewards,
    token: str | None = None,
    limits: Limits | None = None,
    completion: Reading = "response",
    no_reward: float = 0.0,
    hosts: Collection[str] = (),
) -> Starlette:
    """The service as an ASGI application.

    Args:
        rewards: what cases and episodes are worth. A judge that does not answer is the error of its case.
        token: what clients must send as a bearer token, or as the password of basic authentication. None: everybody may
            ask.
        limits: by default those of `Limits`.
        completion: what the completions are that trainers send, see `BatchReward`.
        no_reward: what trainers get that want a number where there is no reward.
        hosts: where there is no token, the names under which it may be asked besides `localhost` and loopback
            addresses, see `is_local`.

    Raises:
        RecrmError: the token is empty, or `no_reward` is not finite.
    """
    if token == "":
        raise RecrmError("the token is empty: everybody could ask. None means that on purpose")
    if not math.isfinite(no_reward):
        raise RecrmError(f"no_reward must be a finite number, not {no_reward!r}")
    service = _Service(rewards, token, limits or Limits(), completion, no_reward, hosts)
    posts = {
        "/rewards": service.rewards,
        "/episodes": service.episodes,
        "/get_reward": service.get_reward,
        "/seed_session": service.seed_session,
        "/verify": service.verify,
    }
    app = Starlette(
        routes=[
            Route("/health", service.health, methods=["GET"]),
            Route("/metrics", service.guarded("/metrics", service.metrics), methods=["GET"]),
            *(Route(path, service.guarded(path, handler), methods=["POST"]) for path, handler in posts.items()),
        ],
        exception_handlers={HTTPException: _refused_by_starlette},
    )
    # A redirect would name the host that the client wrote.
    app.router.redirect_slashes = False
    return app


class _Service:
    def __init__(
        self,
        rewards: EpisodeRewards,
        token: str | None,
        limits: Limits,
        completion: Reading,
        no_reward: float,
        hosts: Collection[str],
    ) -> None:
        self._episodes = replace(rewards, reward=replace(rewards.reward, on_error="none"))
        self._batch = BatchReward(self._episodes.reward, completion)
        self._no_reward = no_reward
        self._token = None if token is None else token.encode()
        self._hosts = [host.lower() for host in hosts]
        self._hand = InHand(limits)
        self._metrics = Metrics()

    async def health(self, request: Request) -> Response:
        """Without a token: load balancers have none."""
        return _as_json({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        """In Prometheus's text format."""
        return Response(
            self._metrics.text(self._hand.cases, self._hand.questions, self._hand.bytes),
            media_type="text/plain; version=0.0.4; charset=utf-8",
        )

    async def rewards(self, request: Request) -> Response:
        """`{"cases": [...]}` -> `{"rewards": [...]}`, in the same order; see `Case` and `Reward`."""

        async def judge(cases: Sequence[Case]) -> list[dict[str, Any]]:
            found = await self._episodes.reward.rewards(cases)
            self._metrics.judged(found)
            return [one.to_json() for one in found]

        async with self._hand.body(request) as body:
            cases = read_cases(body)
            found = await self._judged(request, "cases", cases, judge, [self._work([case]) for case in cases])
        _warn([one["error"] for one in found])
        return _as_json({"rewards": found, "versions": self._episodes.reward.versions})

    async def episodes(self, request: Request) -> Response:
        """`{"episodes": [...]}` -> `{"rewards": [...]}`, in the same order; see `Episode` and `EpisodeReward`."""

        async def judge(episodes: Sequence[Episode]) -> list[dict[str, Any]]:
            found = await self._episodes.rewards(episodes)
            self._metrics.judged([step for one in found for step in one.steps])
            return [one.to_json() for one in found]

        async with self._hand.body(request) as body:
            episodes = read_episodes(body)
            works = [self._work(episode.cases()) for episode in episodes]
            found = await self._judged(request, "episodes", episodes, judge, works)
        _warn([step["error"] for one in found for step in one["steps"]])
        return _as_json({"rewards": found, "versions": self._episodes.versions})

    async def get_reward(self, request: Request) -> Response:
        """What OpenRLHF asks: queries with their labels -> numbers."""
        async with self._hand.body(request) as body:
            cases = read_queries(body, self._batch)
            found = await self._completions(request, "query", cases)
        return _as_json(answered(found, self._batch, self._no_reward))

    async def verify(self, request: Request) -> Response:
        """What agents of NeMo Gym ask: a rollout -> its reward."""
        async with self._hand.body(request) as body:
            row, case = read_rollout(body, self._batch)
            (reward,) = await self._completions(request, "response", [case])
        return _as_json(verified(row, reward))

    async def _completions(self, request: Request, name: str, cases: Sequence[Case | None]) -> list[Reward]:
        """The rewards of trainers' completions, without what was asked."""

        async def judge(some: Sequence[Case | None]) -> list[Reward]:
            found = await self._batch.of_cases_async(some)
            self._metrics.judged(found)
            return [replace(one, asked=()) for one in found]

        found = await self._judged(request, name, cases, judge, [self._work([case]) for case in cases])
        _warn([one.error for one in found])
        return found

    def _work(self, cases: Sequence[Case | None]) -> Work:
        return work_of(cases, self._episodes.reward.dimensions)

    async def seed_session(self, request: Request) -> Response:
        """What they begin with. There is nothing to remember."""
        async with self._hand.body(request):
            return _as_json({})

    async def _judged(
        self,
        request: Request,
        name: str,
        subjects: Sequence[S],
        judge: Callable[[Sequence[S]], Awaitable[list[R]]],
        works: Sequence[Work],
    ) -> list[R]:
        """What is to be answered about cases or episodes, while the client waits for it.

        Args:
            request: whose they are.
            name: what it calls them.
            subjects: cases or episodes.
            judge: gives the answers about some of them. These should not contain the questions, which may be long.
            works: of each.

        Raises:
            Refusal: there is no room for them, or the client went away.
        """
        began = time.monotonic()
        with self._hand.taken(works, name):
            found = await _while_connected(request, self._in_groups(subjects, judge, works))
        self._hand.wait = min(_LONGEST_WAIT, math.ceil(time.monotonic() - began))
        return found

    async def _in_groups(
        self, subjects: Sequence[S], judge: Callable[[Sequence[S]], Awaitable[list[R]]], works: Sequence[Work]
    ) -> list[R]:
        groups = list(_groups(subjects, works))
        limit = asyncio.Semaphore(_GROUPS)

        async def of(group: Sequence[S], characters: int) -> list[R]:
            async with limit, self._hand.asking.taken(characters):
                return await judge(group)

        return [one for answers in await asyncio.gather(*(of(*group) for group in groups)) for one in answers]

    def guarded(self, path: str, handler: Handler) -> Handler:
        """A handler for those who may ask; it counts, and every refusal is one message."""

        async def answer(request: Request) -> Response:
            began = time.monotonic()
            try:
                self._check(request)
                response = await handler(request)
            except Refusal as refusal:
                # Else the rest of a body that nobody wants would be read.
                headers = {**refusal.headers, **({"Connection": "close"} if refusal.status in _UNREAD else {})}
                response = _as_json({"error": {"message": str(refusal)}}, refusal.status, headers)
            except Exception:
                _log.exception("a request to %s failed", path)
                response = _as_json({"error": {"message": "an error of the service: see its log"}}, 500)
            self._metrics.request(path, response.status_code, time.monotonic() - began)
            return response

        return answer

    def _check(self, request: Request) -> None:
        if self._token is None and not is_local(host := request.headers.get("host", ""), self._hosts):
            raise Refusal(421, f"{host[:80]!r} is not this machine: ask 127.0.0.1, or start the service with a token")
        if self._token is not None and not hmac.compare_digest(_sent(request), self._token):
            raise Refusal(401, "the token is missing or wrong: send Authorization: Bearer TOKEN", _CHALLENGE)
        # A web page can send other types to any address without asking.
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and kind != "application/json":
            raise Refusal(415, f"the content type must be application/json, not {kind!r}")


_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def _sent(request: Request) -> bytes:
    """The token that a client sent."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() == "basic":  # of clients that only take a URL: http://any:TOKEN@host:port
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2]
        except ValueError:  # not base64, or not ASCII
            return b""
    return b""


def _groups(subjects: Sequence[S], works: Sequence[Work]) -> Iterator[tuple[list[S], int]]:
    """Neighbours whose questions are made in one go, and the characters of these."""
    group: list[S] = []
    cases = characters = 0
    for subject, work in zip(subjects, works, strict=True):
        if group and (cases + work.cases > _TOGETHER or characters + work.characters > _GROUP_CHARACTERS):
            yield group, characters
            group, cases, characters = [], 0, 0
        group.append(subject)
        cases += work.cases
        characters += work.characters
    if group:
        yield group, characters


def _warn(errors: Sequence[str | None]) -> None:
    if failed := [error for error in errors if error is not None]:
        _log.warning("the judge did not answer about %d of %d cases: %s", len(failed), len(errors), failed[0])


async def _while_connected(request: Request, judging: Coroutine[Any, Any, R]) -> R:
    """Stops asking the judge if the client goes away: nobody would get the rewards."""
    work = asyncio.ensure_future(judging)
    gone = asyncio.ensure_future(request.receive())  # the body was read: what comes next is the end
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise Refusal(_GONE, "the client went away")
        return work.result()
    finally:
        work.cancel()
        gone.cancel()


def _as_json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    # In ASCII: an agent may write lone surrogates, which no encoding has.
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return Response(text, status, headers, media_type="application/json")


async def _refused_by_starlette(request: Request, error: Exception) -> Response:
    """No such path, or another method."""
    assert isinstance(error, HTTPException)
    message = f"{request.method} {request.url.path}: {error.detail}"
    return _as_json({"error": {"message": message}}, error.status_code, dict(error.headers or {}))
