"""Models that the harnesses do not bring themselves."""
