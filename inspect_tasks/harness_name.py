"""What reports call this harness. Apart from the rest, which needs Inspect."""

HARNESS = "inspect"
