"""Card and options to experiment."""
