"""The report as a page: everything of a leaderboard that a team decides from, in one file."""
