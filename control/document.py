"""A YAML text as plain values that know their lines, with `${NAME}` read from the environment. Pure.

Every problem is collected with its line and key; none of them repeats a value, which may be a secret.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

Value: TypeAlias = str | int | float | bool | list["Value"] | dict[str, "Value"] | None
Path = tuple[str | int, ...]
_VARIABLE = re.compile(r"(\$?)\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong with one key of the document."""

    line: int
    key: str
    error: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.error}" if self.key else f"line {self.line}: {self.error}"


@dataclass(slots=True)
class Document:
    """The values of a text, the line of each, and what is wrong with them as YAML."""

    values: Value = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of the key at `path`, or of the nearest thing around it that is written down."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def report(self, path: Path, error: str) -> None:
        """Notes a problem, one for each key."""
        problem = Problem(self.line(path), dotted(path), error)
        if not any((problem.line, problem.key) == (other.line, other.key) for other in self.problems):
            self.problems.append(problem)


def dotted(path: Path) -> str:
    """`targets.polar.port`, `objects.include[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse(text: str, environment: Mapping[str, str]) -> Document:
    """Reads one YAML document of mappings, lists and scalars."""
    document = Document()
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = "; write ${NAME} in quotes" if "${" in text else ""
        document.problems.append(
            Problem(mark.line + 1 if mark else 1, "", f"not YAML: {error.problem or error.context}{hint}")
        )
    except yaml.YAMLError as error:
        document.problems.append(Problem(1, "", f"not YAML: {error}"))
    else:
        if node is not None:
            document.values = _Reader(document, environment).value(node, ())
    return document


class _Reader:
    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self._document = document
        self._environment = environment
        self._scalars = yaml.SafeLoader("")
        self._open: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Value:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._document.report(path, "an alias (*) must not contain itself")
            return None
        self._open.add(id(node))
        try:
            return self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._list(node, path)
        finally:
            self._open.remove(id(node))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for key, value in node.value:
            name = str(key.value)
            place = (*path, name)
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                self._document.problems.append(
                    Problem(key.start_mark.line + 1, dotted(path), "a key must be text: put it in quotes")
                )
            elif name in values:
                first = self._document.lines[place]
                self._document.problems.append(
                    Problem(key.start_mark.line + 1, dotted(place), f"is given twice, first in line {first}")
                )
            else:
                self._document.lines[place] = key.start_mark.line + 1
                values[name] = self.value(value, place)
        return values

    def _list(self, node: yaml.Node, path: Path) -> list[Value]:
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Value:
        try:
            value: Value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._document.report(path, "is not a plain value: put it in quotes")
            return None
        if isinstance(value, str):
            return self._expanded(value, path)
        if value is not None and not isinstance(value, (bool, int, float)):
            self._document.report(path, "is not a plain value: put it in quotes")
            return None
        return value

    def _expanded(self, text: str, path: Path) -> str:
        """`${NAME}` becomes the variable's value and `$${NAME}` becomes `${NAME}`; values are not expanded again."""

        def replacement(match: re.Match[str]) -> str:
            escaped, name = match.groups()
            if escaped:
                return match[0][1:]
            if not _NAME.fullmatch(name):
                self._document.report(path, f"${{{name}}} is not the name of an environment variable")
            elif name not in self._environment:
                self._document.report(path, f"the environment variable {name} is not set")
            else:
                return self._environment[name]
            return match[0]

        return _VARIABLE.sub(replacement, text)
