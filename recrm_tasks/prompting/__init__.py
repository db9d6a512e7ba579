"""Records -> the questions of a run: its options, its examples, and whether its prompts fit the model."""

from recrm_tasks.prompting.fit import Backend
from recrm_tasks.prompting.options import Options
from recrm_tasks.prompting.questions import load_questions

__all__ = ["Backend", "Options", "load_questions"]
