"""A package that adds a loss, an input format, an output format and an engine to losscli."""
