"""Names of tables."""

from dataclasses import dataclass


def folded(name: str) -> str:
    """In lower case as a server with lower_case_table_names = 1 keeps it: letter by letter."""
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in name)


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table's name with its database, as the server spells them."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"
