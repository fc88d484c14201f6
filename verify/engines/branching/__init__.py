"""Branch and bound over input bits: regions, bounds, leaves and the search."""
