"""What an operator sees and does: config, commands, checks, status, and the private broker. No row data passes here."""
