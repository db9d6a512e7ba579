"""Where data comes from: the hub, a path on disk, or the sample of this package."""
