"""What rounding can do to a network in execution: derived in docs/float32.md."""
