"""Networks, formulas and domains as Z3 terms: presolved forms, then one file an encoding."""
