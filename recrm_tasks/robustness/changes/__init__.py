"""The planted changes, one file per group."""

from __future__ import annotations

from recrm_tasks.robustness.change import Change
from recrm_tasks.robustness.changes.emptied import EMPTIED
from recrm_tasks.robustness.changes.invented_numbers import INVENTED_NUMBERS
from recrm_tasks.robustness.changes.longer import LONGER
from recrm_tasks.robustness.changes.other_orders import OTHER_ORDERS
from recrm_tasks.robustness.changes.planted_answers import PLANTED_ANSWERS
from recrm_tasks.robustness.changes.praise import PRAISE
from recrm_tasks.robustness.changes.repeated_query import REPEATED_QUERY

CHANGES: dict[str, Change] = {
    change.key: change
    for group in (PLANTED_ANSWERS, PRAISE, EMPTIED, REPEATED_QUERY, LONGER, INVENTED_NUMBERS, OTHER_ORDERS)
    for change in group
}
"""By key, in the order of tables."""
