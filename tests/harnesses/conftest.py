"""Cheap runs for all tests of the harnesses."""

from lean import few_pairs, machine_described_once  # noqa: F401
