"""How far certified networks can be pruned, rounded and narrowed before the first exact error."""
