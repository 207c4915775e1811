"""What a loss is: its declaration, the values it takes, its definition and gradient, and the grammar of specs."""
