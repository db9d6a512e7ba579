"""The sample: records written by hand for this project. It is not RecRM-Bench, and its numbers are not either."""
