"""Models that the harnesses do not provide."""
