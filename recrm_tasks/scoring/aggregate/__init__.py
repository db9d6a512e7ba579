"""Verdicts of all dimensions -> one number: how often a reward made of them orders two responses rightly."""
