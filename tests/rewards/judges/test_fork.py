"""A child process that is forked while questions are in flight asks its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, sys, threading
sys.path.insert(0, {tests!r})
from test_cached_judge import ask
from recrm_tasks.rewards import CachedJudge, FunctionJudge, GatheringJudge

parent, asked, may = os.getpid(), threading.Event(), threading.Event()

def plain(prompt):
    if os.getpid() == parent and "hotel 1\\n" in prompt.messages[-1].content:
        asked.set()
        may.wait()
    return "A"

async def slowly(prompt):
    return plain(prompt)

function = {{"plain": plain, "coroutine": slowly}}[{function!r}]
judge = CachedJudge(GatheringJudge(FunctionJudge(function, name="f")), path={file!r})
ask(judge, 2)
caller = threading.Thread(target=ask, args=(judge, 1))
caller.start()
asked.wait()
# What another thread may hold at the moment of a fork.
with judge._lock, judge._judge._lock, judge._store._lock:
    child = os.fork()
if child == 0:
    signal.alarm(30)
    # The question that the parent waits for, one that it knows, and a new one.
    said = [reply.said for reply in ask(judge, 1, 2, 3)]
    os._exit(0 if said == ["A"] * 3 else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
may.set()
caller.join()
assert [reply.said for reply in ask(judge, 1, 2, 3, 4)] == ["A"] * 4
sys.exit(status)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize("function", ["plain", "coroutine"])
def test_a_child_does_not_wait_for_its_parents_questions(tmp_path: Path, function: str) -> None:
    program = PROGRAM.format(tests=str(Path(__file__).parent), file=str(tmp_path / "replies.db"), function=function)
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
