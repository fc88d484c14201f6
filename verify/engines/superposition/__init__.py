"""Deciding networks that compute pairwise ANDs in superposition."""
