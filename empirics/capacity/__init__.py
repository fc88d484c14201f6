"""How many ANDs trained networks compute exactly, by neurons, parameters and bits."""
