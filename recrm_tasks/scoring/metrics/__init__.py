"""One family of metrics per file.

Functions take plain columns and return an `Estimate`: the value and its standard error, NaN if undefined. Sums are
exact (`math.fsum`, `estimate.total` or integers), so that the same outcomes give the same bits in any order.
"""
