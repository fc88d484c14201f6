"""Fixed-parameter expansion (arXiv 2510.04500, a reconstruction): more neurons, no more weights."""
