"""Imports vLLM and the harnesses, for processes that are forked with them.

vLLM starts the engine of a server in a new Python on processors, which imports it all again; here it is forked too.
"""

from __future__ import annotations

import functools
import multiprocessing

import vllm.entrypoints.cli.serve
import vllm.entrypoints.openai.api_server
import vllm.v1.engine.core
import vllm.v1.engine.utils
import vllm.v1.worker.cpu_worker

vllm.v1.engine.utils.get_mp_context = functools.partial(multiprocessing.get_context, "fork")
