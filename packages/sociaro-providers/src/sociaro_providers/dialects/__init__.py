"""How the providers speak: a module of pure functions for each language."""
