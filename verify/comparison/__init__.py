"""What an edit changed: two networks compared, clause by clause."""
