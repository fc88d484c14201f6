"""Edits that remove one clause from a network, each proved on every input afterwards."""
