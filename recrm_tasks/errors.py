"""Errors that end in one message: what is wrong, where, and what to do."""


class RecrmError(Exception):
    """A mistake that the user can fix. The command line prints the message and exits with 2."""


class DataError(RecrmError):
    """Records that cannot be found, read or used."""


class NoRecords(DataError):
    """A source has no records of the dimension that was asked for."""


class HarnessError(Exception):
    """The harness or the backend returned something invalid, such as NaN or no log-probabilities.

    It is never counted against the evaluated model: a broken run has no score.
    """
