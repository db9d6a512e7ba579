"""The service: its paths, and what each answers."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

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
from recrm_tasks.rewards.service.access import Access
from recrm_tasks.rewards.service.in_hand import InHand, Limits
from recrm_tasks.rewards.service.judging import judged
from recrm_tasks.rewards.service.metrics import Metrics
from recrm_tasks.rewards.service.nemo_gym_form import read_rollout, verified
from recrm_tasks.rewards.service.openrlhf_form import answered, read_queries
from recrm_tasks.rewards.service.refusal import Refusal
from recrm_tasks.rewards.service.request_body import read_cases, read_episodes
from recrm_tasks.rewards.work import Work, work_of

_log = logging.getLogger(__name__)

_UNREAD = (401, 408, 413, 415, 421, 429)
"""Statuses of requests whose body may not have been read to its end."""

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
        hosts: where there is no token, further names under which it may be asked, see `Access`.

    Raises:
        RecrmError: the token is empty, or `no_reward` is not finite.
    """
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
        self._access = Access(token, hosts)
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
            found = await judged(request, self._hand, "cases", cases, judge, [self._work([case]) for case in cases])
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
            found = await judged(request, self._hand, "episodes", episodes, judge, works)
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

        found = await judged(request, self._hand, name, cases, judge, [self._work([case]) for case in cases])
        _warn([one.error for one in found])
        return found

    def _work(self, cases: Sequence[Case | None]) -> Work:
        return work_of(cases, self._episodes.reward.dimensions)

    async def seed_session(self, request: Request) -> Response:
        """What they begin with. There is nothing to remember."""
        async with self._hand.body(request):
            return _as_json({})

    def guarded(self, path: str, handler: Handler) -> Handler:
        """A handler for those who may ask; it counts, and every refusal is one message."""

        async def answer(request: Request) -> Response:
            began = time.monotonic()
            try:
                self._access.check(request)
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


def _warn(errors: Sequence[str | None]) -> None:
    if failed := [error for error in errors if error is not None]:
        _log.warning("the judge did not answer about %d of %d cases: %s", len(failed), len(errors), failed[0])


def _as_json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    # In ASCII: an agent may write lone surrogates, which no encoding has.
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return Response(text, status, headers, media_type="application/json")


async def _refused_by_starlette(request: Request, error: Exception) -> Response:
    """No such path, or another method."""
    assert isinstance(error, HTTPException)
    message = f"{request.method} {request.url.path}: {error.detail}"
    return _as_json({"error": {"message": message}}, error.status_code, dict(error.headers or {}))
