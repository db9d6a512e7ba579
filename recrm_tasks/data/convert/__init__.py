"""Raw rows -> checked records, by a mapping."""
