"""One family of metrics per file.

Every function takes plain columns and returns an `Estimate`: the value and its standard error, NaN where either is
undefined. Sums are `math.fsum` or exact integers, so that the same outcomes give the same bits in any order.
"""
