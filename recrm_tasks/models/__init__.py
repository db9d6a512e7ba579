"""Reward models, and what the servers of language models can be asked for."""
