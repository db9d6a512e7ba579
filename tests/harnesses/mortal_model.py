"""A model for Inspect that answers at once, by the prompt alone, and whose process dies once in the middle of a run.

It counts its questions in the file that MORTAL_CALLS names, a line each with the process. With MORTAL_LIFE=N the first
process with N questions kills itself. Hybrid scores are estimated from few pairs, as in the tests' own process.
"""

from __future__ import annotations

import math
import os
import signal
import zlib
from pathlib import Path

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    TopLogprob,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from recrm_tasks.scoring.aggregate import draws

if "MORTAL_CALLS" in os.environ:  # not where a test imports this
    draws.PAIRS = draws._BLOCK = draws.PAIRS >> 6


@modelapi(name="mortal")
class MortalAPI(ModelAPI):
    """`mortal/any`, for log-probability mode."""

    asked = 0

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        self.asked += 1
        calls = Path(os.environ["MORTAL_CALLS"])
        with calls.open("a") as out:
            out.write(f"{os.getpid()}\n")
        if self.asked == int(os.environ.get("MORTAL_LIFE", "-1")):
            try:
                calls.with_suffix(".died").touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        text = input[-1].text.encode()
        top = [
            TopLogprob(token=letter, logprob=math.log(zlib.crc32(text + letter.encode()) % 999 + 0.5) - 9)
            for letter in "ABCDEFGHIJKL"
        ]
        content = [Logprob(token="A", logprob=top[0].logprob, top_logprobs=top)]
        choice = ChatCompletionChoice(message=ChatMessageAssistant(content="A"), logprobs=Logprobs(content=content))
        usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return ModelOutput(model="mortal", choices=[choice], usage=usage)


def installed_in(folder: Path) -> None:
    """Makes a folder for PYTHONPATH, through which Inspect finds the model, as one of an installed package."""
    entry = folder / "mortal_model-1.0.dist-info"
    entry.mkdir(parents=True)
    (entry / "METADATA").write_text("Metadata-Version: 2.1\nName: mortal-model\nVersion: 1.0\n")
    (entry / "entry_points.txt").write_text("[inspect_ai]\nmortal = mortal_model\n")
    (folder / "mortal_model.py").write_text(Path(__file__).read_text(encoding="utf-8"))
