"""The readers of all harnesses' logs. To support another harness, add its reader here.

A list in code, not entry points: it is the same in an install, in an editable install and in a clone that is not
installed, and mypy checks every reader against the protocol. Importing it imports neither harness.
"""

from __future__ import annotations

from inspect_tasks.log_reader import InspectLogReader
from recrm_tasks.lm_eval_tasks.log_reader import LmEvalLogReader
from recrm_tasks.reports.readers import LogReader

READERS: tuple[LogReader, ...] = (LmEvalLogReader(), InspectLogReader())
