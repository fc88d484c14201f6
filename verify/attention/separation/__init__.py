"""Whether any single head recognises a graph on given embeddings, with proofs either way."""
