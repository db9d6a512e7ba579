"""The case that the tests of trainers judge."""

CASE = {"instruction": "Name a hotel.", "query": "a hotel", "evidence": ["Park Hotel: quiet"]}
BROKEN = "the judge does not answer about this"
"""The stub of a judge's server refuses questions with this text."""
