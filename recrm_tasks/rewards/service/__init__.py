"""Reward as a service: one judge for several trainers, over HTTP. Needs the extra `serve`."""
