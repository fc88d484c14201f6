"""Reading networks: codes of features in the weights, and formulas with a proof."""
