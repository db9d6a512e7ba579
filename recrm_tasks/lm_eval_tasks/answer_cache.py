"""lm-eval's `--use_cache`: a warning where its file already has answers, which may be another model's."""

from __future__ import annotations

import logging
from typing import Any

_ASKING = ("loglikelihood", "generate_until")
_log = logging.getLogger(__name__)


def warn_of_earlier_answers() -> None:
    """Has `CachingLM` warn before its first request if its file has answers from earlier runs.

    It finds an answer by the prompt and the settings, and not by the model. Its class is changed, since it is made
    before the tasks are loaded, and lm-eval has no place for this.
    """
    try:
        from lm_eval.api.model import CachingLM

        look_up: Any = CachingLM.__getattr__
    except (ImportError, AttributeError):  # another version of lm-eval: the warning is not worth a failure
        return
    if hasattr(look_up, "_recrm_tasks"):
        return

    def __getattr__(self: Any, name: str) -> Any:
        if name in _ASKING and "_recrm_looked_at" not in self.__dict__:
            self._recrm_looked_at = True
            _warn(self)
        return look_up(self, name)

    __getattr__._recrm_tasks = True  # type: ignore[attr-defined]
    CachingLM.__getattr__ = __getattr__


def _warn(model: Any) -> None:
    try:
        count = len(model.dbdict)
    except Exception:  # lm-eval's own access will fail too, with its own message
        return
    if count:
        _log.warning(
            "--use_cache: %s already has %d answers. lm-eval finds them by the prompt and not by the model: if another "
            "model gave them, they become this model's results. Use one cache per model",
            model.cache_db,
            count,
        )
