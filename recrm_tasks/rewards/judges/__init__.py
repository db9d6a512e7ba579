"""Judges: who answers the questions of a reward, and where the answers are kept."""
