"""Compiled loops of the constructions."""
