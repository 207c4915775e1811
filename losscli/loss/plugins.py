"""What installed packages add, by their entry points: losses, input formats, output formats and engines.

The built-in tables are looked at first.  Nothing of a package is imported before a call names what it adds, so a
package that is broken is an error of that call alone.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from losscli.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind: TypeAlias = Literal["losses", "sources", "formats", "engines"]
"""What can be added; a package lists it in the group ``losscli.`` and this word."""

NOUNS: dict[Kind, str] = {
    "losses": "loss",
    "sources": "input format",
    "formats": "output format",
    "engines": "engine",
}


class Plugin(NamedTuple):
    """What an installed package adds under one name."""

    kind: Kind
    name: str
    package: str
    """Its name and version."""
    entry: EntryPoint

    def load(self) -> Any:
        """The object that the entry point names; UsageError where it cannot be imported."""
        try:
            return self.entry.load()
        except Exception as error:  # code from outside may raise anything
            raise UsageError(
                f"the {NOUNS[self.kind]} `{self.name}` of {self.package} cannot be loaded",
                f"`{self.entry.value}` gives {type(error).__name__}: {error}",
                "install the package anew, or without this entry point",
            ) from error

    def refused(self, wanted: str) -> UsageError:
        """The error for an entry point that names something else than is ``wanted``."""
        return UsageError(
            f"the {NOUNS[self.kind]} `{self.name}` of {self.package} is none: `{self.entry.value}` is not {wanted}"
        )


@cache
def installed(kind: Kind) -> tuple[Plugin, ...]:
    """What the installed packages add, by name; nothing is imported."""
    # Imported here: few calls name what losscli itself does not have.
    from importlib.metadata import entry_points

    found = dict[tuple[str, str], Plugin]()
    for entry in entry_points(group=f"losscli.{kind}"):
        package = "an unknown package" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
        # One package may be found twice, on two entries of the path; the first one counts, as in an import.
        found.setdefault((entry.name, package), Plugin(kind, entry.name, package, entry))
    return tuple(found[key] for key in sorted(found))


def find(kind: Kind, name: str) -> Plugin | None:
    """What is added under a name, in any case and with `-` or `_`; None if nothing is.  UsageError for two of them."""
    found = [plugin for plugin in installed(kind) if _spelled(plugin.name) == _spelled(name)]
    if len(found) > 1:
        packages = " and ".join(plugin.package for plugin in found)
        raise UsageError(f"{packages} both add the {NOUNS[kind]} `{name}`", hint="uninstall one of them")
    return found[0] if found else None


def _spelled(name: str) -> str:
    return name.casefold().replace("-", "_")
