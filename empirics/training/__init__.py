"""Training many networks and layers of attention at once, each handed to the exact verifier."""
