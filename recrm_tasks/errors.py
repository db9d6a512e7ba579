"""Errors that end in one message: what is wrong, where, and what to do."""


class RecrmError(Exception):
    """A user's mistake. The message is all that a user needs; the command line prints it and exits with 2."""


class DataError(RecrmError):
    """Records that cannot be found, read or used."""


class NoRecords(DataError):
    """A source has no records of the dimension that was asked for."""


class HarnessError(Exception):
    """The harness or the backend handed over something broken (no log-probabilities, NaN).

    Never counted against the evaluated model: a broken run has no score.
    """
