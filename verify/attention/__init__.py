"""The key-query channel: what attention scores recognise, decided exactly."""
