"""What a report writes: metrics for programs, Markdown, the block of a model card, parts and diagnoses."""
