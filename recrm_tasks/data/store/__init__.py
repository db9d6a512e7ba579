"""Checked records at rest: their columns, the files they are kept in, and which of them are taken in which order."""
