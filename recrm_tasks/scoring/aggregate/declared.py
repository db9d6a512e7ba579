"""The declarations of metrics over several dimensions."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from recrm_tasks.scoring.aggregate.forms import FORMS, name_of
from recrm_tasks.scoring.metric import Metric, by_name, count

AGGREGATES: tuple[Metric[Any], ...] = (
    Metric(
        "mean_score",
        "mean of the dimensions' primary metrics",
        itemgetter("mean_score"),
        over="all",
        headline=True,
        brief=True,
    ),
    *(
        Metric(
            name_of(form),
            f"how often the {form} reward of the verdicts orders two virtual responses as the gold labels do",
            itemgetter(name_of(form)),
            over="all",
            headline=name_of(form) == "hybrid",
            brief=name_of(form) == "hybrid",
        )
        for form in FORMS
    ),
    count("coverage", "share of readable answers", "higher", of=itemgetter("coverage"), high=1.0, brief=True),
    count("n", "number of answers", of=itemgetter("n"), brief=True),
    count("clusters", "the smallest number of clusters of any dimension", of=itemgetter("clusters")),
)

DECLARED = by_name(AGGREGATES, "aggregates")
