"""Random stories of a database: statements that change rows and definitions in turn, played through one pipeline.

What goes in: a number. What comes out: whether the destination equals the source when it has heard the whole story.
It never judges a statement: what the source refuses is no part of the story.
"""
