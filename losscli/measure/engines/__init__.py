"""How the work is done; ENGINES is the explicit table.  An engine never changes a result."""
