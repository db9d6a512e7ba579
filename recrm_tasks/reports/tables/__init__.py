"""What a report shows as tables, and how the terminal and Markdown show a table."""
