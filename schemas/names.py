"""Names of tables."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table's name with its database, as the server spells them."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"
