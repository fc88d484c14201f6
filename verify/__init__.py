"""The vocabulary, the deciders and the certificates."""
