"""What trained attention recognises: key dimensions of layers, and blocks that route values."""
