"""Metrics that older logs do not have, where they are computed from the answers."""

from __future__ import annotations


def is_newer(metric: str) -> bool:
    """Whether a metric, or its error, is newer than the archives in tests/reports/older_logs."""
    return metric.startswith(("acc_balanced", "mcc", "kappa", "clusters_rarer"))
