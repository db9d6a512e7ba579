"""The verdicts of several judges on the same records -> how far they agree, whether or not they are right."""
