"""What the records of the MiniLM cards say: spreads, claims, comparisons, and the page that tells them."""
