"""What penstock knows of a logged statement: its tokens, its kind, the objects it names. Pure: no I/O."""
