"""Unlearning a clause: published methods, exact verdicts on them, and what they leave behind."""
