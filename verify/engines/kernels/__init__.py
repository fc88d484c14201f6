"""Compiled loops over split tables: the inner loop of enumeration."""
