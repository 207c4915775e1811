"""What is kept of the rows of row functions: one observer for each thing."""
