"""RecRM-Bench as evaluation tasks: how well does a model serve as the reward model of an agentic recommender?"""

__version__ = "0.2.0.dev0"
