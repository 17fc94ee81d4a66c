"""Questions and the windows that models see of them."""
