"""Commands like those of this environment that start at once: each runs in a process of its own, forked from one that
has imported what takes seconds.

A process has the folder, the environment, the streams and the arguments that its caller gave it, and imports all of our
own packages itself. SIGINT and SIGTERM to a command go to its process; a command that is killed takes its process and
the children of that along.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import NoReturn

PROGRAMS = ("python", "inspect", "lm_eval", "vllm")
HARNESSES = (
    "inspect_ai._cli.main", "inspect_ai.scorer", "torch", "transformers", "datasets", "evaluate", "sacrebleu", "pandas",
    "scipy.stats", "sklearn.metrics", "aiohttp", "tiktoken", "tenacity", "peft",
)  # fmt: skip
"""What both harnesses import. Not lm-eval itself: our hook acts when it is imported."""

TRL = (
    "trl", "trl.trainer.sft_trainer", "trl.trainer.reward_trainer", "trl.trainer.grpo_trainer", "peft", "datasets",
    "transformers.models.llama.modeling_llama", "transformers.models.bert.modeling_bert",
)  # fmt: skip
"""What the scripts of TRL and of examples/train import."""

CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({address!r})
told = json.dumps([os.path.basename(sys.argv[0]), sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(line, [len(told).to_bytes(8, "big")], [0, 1, 2])
line.sendall(told)
reply = line.makefile()
process = int(reply.readline())
for one in (signal.SIGINT, signal.SIGTERM):
    signal.signal(one, lambda number, frame: os.kill(process, number))
status = int(reply.readline())
if status < 0:
    if -status != signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
"""


@contextmanager
def commands(*modules: str) -> Iterator[Path]:
    """A folder with the commands `PROGRAMS`.

    Args:
        modules: what is imported once, for all of them: names, or a file that imports more.
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # the address of a socket has at most 107 characters
        address = str(Path(folder) / "socket")
        for name in PROGRAMS:
            file = Path(folder) / name
            file.write_text(CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
            file.chmod(0o755)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(64)
        command = [sys.executable, __file__, str(listener.fileno()), *modules]
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()]) as server:
            listener.close()
            yield Path(folder)
            assert server.stdin is not None
            server.stdin.close()


def serve(listener: socket.socket) -> tuple[str, list[str]]:
    """Forks a process for every call until nobody can call any more. Returns in such a process, with its call."""
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            os._exit(0)
        line, _ = listener.accept()
        if os.fork():
            line.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            continue
        listener.close()
        length, streams, _, _ = socket.recv_fds(line, 8, 3)
        told = line.makefile("rb").read(int.from_bytes(length, "big"))
        name, arguments, folder, environment = json.loads(told)
        child = os.fork()
        with suppress(OSError):
            os.setpgid(child, child)  # by both, as neither waits for the other
        if child:
            _watch(line, child)
        line.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, 1 if number == 2 else -1, encoding="utf-8", closefd=False)  # noqa: SIM115
            for number, mode in enumerate("rww")
        )
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        return name, arguments


def _watch(line: socket.socket, child: int) -> None:
    """Tells the caller how its process ended; ends the process if there is no caller any more. Does not return."""
    line.sendall(f"{child}\n".encode())
    ended = os.pidfd_open(child)
    ready, _, _ = select.select([line, ended], [], [])
    if ended not in ready:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with suppress(OSError):
        line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def run(name: str, arguments: Sequence[str], beside: Sequence[str]) -> None:
    """Runs a program in this process, which was forked for it.

    Args:
        name: one of `PROGRAMS`.
        arguments: its arguments; the first of `python` is not an option, but for -c and -m.
        beside: the path of packages, but for PYTHONPATH.
    """
    first, sys.argv = "", [name, *arguments]
    if name == "python":
        sys.argv = list(arguments)
        first = os.path.dirname(os.path.abspath(arguments[0])) if arguments[0] not in ("-c", "-m") else os.getcwd()
    own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [*filter(None, [first, *map(os.path.abspath, filter(None, own))]), *beside]
    if name != "python":
        (program,) = entry_points(group="console_scripts", name=name)
        sys.exit(program.load()())
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
    elif arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(arguments[0], run_name="__main__")


def main() -> NoReturn:
    """Imports what is named, and forks until there is no caller any more."""
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    beside = [folder for folder in sys.path[1:] if folder not in given]
    del sys.path[0]
    for module in sys.argv[2:]:
        if module.endswith(".py"):
            runpy.run_path(module)
        else:
            import_module(module)
    ours = {name for name in sys.modules if name.partition(".")[0] in ("inspect_tasks", "lm_eval", "recrm_tasks")}
    assert not ours, ours
    gc.freeze()  # else a collection in each process would copy what is shared
    status = 0
    call = serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        run(*call, beside)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1 if end.code else 0
        if status and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException as error:
        status = 1
        with suppress(SystemExit):
            sys.excepthook(type(error), error, error.__traceback__)  # programs have their own
    threading._shutdown()
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(status)  # what Python does at its end would copy what is shared, which takes half a second


if __name__ == "__main__":
    main()
