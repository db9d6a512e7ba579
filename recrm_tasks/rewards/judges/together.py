"""Many questions at a time, up to a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.rewards.judges.judge import Heard, Reply


async def ask_together(
    prompts: Sequence[Prompt],
    reply: Callable[[Prompt], Awaitable[Reply]],
    concurrency: int,
    heard: Heard | None,
) -> list[Reply]:
    """The replies to some questions, in their order.

    Args:
        prompts: the questions.
        reply: asks one.
        concurrency: the most questions at a time.
        heard: see `Judge.ask`.
    """
    replies: list[Reply] = [Reply(None)] * len(prompts)
    # As many workers as questions at a time: a task per question would cost memory for each.
    numbered = iter(enumerate(prompts))

    async def work(left: Iterator[tuple[int, Prompt]]) -> None:
        for place, prompt in left:
            replies[place] = await reply(prompt)
            if heard is not None:
                heard(place, replies[place])

    await asyncio.gather(*(work(numbered) for _ in range(min(concurrency, len(prompts)))))
    return replies
