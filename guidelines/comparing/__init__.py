"""Two networks beside each other: which layer is which, what changed, and what that costs."""
