"""Kinds of answers, label sets, prompts, and the reading of answers."""
