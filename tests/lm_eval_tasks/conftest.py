"""Runs of the harnesses are cheap here."""

from lean import few_pairs, machine_described_once

__all__ = ["few_pairs", "machine_described_once"]
