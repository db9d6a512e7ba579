"""Two runs on the same records -> what differs, by how much, and whether chance would do that."""
