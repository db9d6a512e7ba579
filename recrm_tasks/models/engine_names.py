"""The engine of a reward model and its version, as results have them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal, TypeAlias

EngineName: TypeAlias = Literal["hf", "vllm"]
"""transformers, or vLLM in this process; a vLLM server has an address instead."""
ENGINES: tuple[EngineName, ...] = ("hf", "vllm")
_PACKAGES = {"hf": "transformers", "vllm": "vllm"}


def in_process(engine: EngineName) -> str:
    """An engine in this process: `transformers 5.23.0`.

    Raises:
        PackageNotFoundError: it is not installed.
    """
    return f"{_PACKAGES[engine]} {version(_PACKAGES[engine])}"


def on_server(server: str) -> str:
    """A vLLM server: `vllm 0.32.0 (server)`.

    Args:
        server: its version; `?` if it does not say.
    """
    return f"vllm {server} (server)"
