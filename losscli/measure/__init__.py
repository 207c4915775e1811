"""Which columns play which role, and the folding of blocks into states."""
