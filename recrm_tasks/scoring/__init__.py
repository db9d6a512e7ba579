"""Answers -> outcomes -> metrics -> aggregate: pure functions on numpy; no harness, no I/O."""
