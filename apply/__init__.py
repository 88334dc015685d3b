"""Topics -> destination: each record exactly once, in transactions that also move the fences."""
