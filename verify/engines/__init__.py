"""Deciding engines: one file an engine, all behind the interface in ``engine.py``."""
