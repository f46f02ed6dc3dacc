"""Values and rules: what a fleet is and what makes it healthy. No I/O, no vendor library."""
