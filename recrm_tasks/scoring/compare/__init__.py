"""Two runs on the same records -> paired differences with intervals and tests."""
