"""Can a judge be fooled? Planted changes of records, and what they do to its verdicts.

Each record is asked about as it is and once for each change. The same code reads all answers; a plain verdict beside a
changed one is a pair, and all figures are of pairs.
"""
