"""What may be answered, and how it is read: kinds of answers, thinking, texts."""
