"""Reward models, what the servers of language models can be asked for, and what engines count."""
