"""The hybrid score: how often a reward made from the verdicts of all dimensions orders two responses correctly."""
