"""Random tables with random rows, through real servers by snapshot and by log. One round is one table with its rows."""
