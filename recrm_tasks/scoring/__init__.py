"""Outcomes -> metrics -> aggregate: pure functions on numpy arrays, without a harness and without I/O."""
