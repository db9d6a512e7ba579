"""Records -> the questions of a run: its options, examples, and whether the questions fit the model."""

from recrm_tasks.prompting.fit import Backend, tokens_by
from recrm_tasks.prompting.questions import OPTIONS, questions

__all__ = ["OPTIONS", "Backend", "questions", "tokens_by"]
