"""Results of both harnesses -> one table."""
