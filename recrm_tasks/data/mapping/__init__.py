"""What the files and columns of a source are: a mapping.yaml that a person wrote, or what can be recognised."""
