"""Text for people: nothing from a file can move the cursor, set a colour or forge a line."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Control characters, the line and paragraph separators, and what reverses or hides the text around it.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    """The text on one line, in which every character that acts on a terminal is an escape.

    >>> visible("a\\x1b[31mb\\nc")
    'a\\\\x1b[31mb\\\\nc'
    """
    # All of them are among what Python calls not printable, which is quick to tell.
    return text if text.isprintable() else _UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s`]*")
STORES = ("s3", "gs", "abfs", "abfss")
"""Schemes whose URIs have no query: a `?` is of a name or a pattern."""


def without_secrets(text: str) -> str:
    """The text, in which URIs have no part that may be a secret: user, password, query.

    >>> without_secrets("there is no https://me:hush@host:8000/p.csv?sig=hush#x here")
    'there is no https://host:8000/p.csv here'
    """
    return _URI.sub(lambda found: bare_uri(found[0]), text) if "://" in text else text


def bare_uri(uri: str) -> str:
    """One URI, which may hold spaces, without what may be a secret; another path stays as it is."""
    scheme, mark, rest = uri.partition("://")
    if not mark:
        return uri
    if scheme.lower() not in STORES:
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    if not scheme.lower().startswith("abfs"):  # there a container comes before `@`
        host = host.rpartition("@")[2]
    return f"{scheme}://{host}{slash}{path}"


WORD_SHOWN, LITERAL_SHOWN, PATH_SHOWN, TEXT_SHOWN = 80, 160, 255, 2000
"""How many characters a message shows of a name or value, of a literal with spaces, of a file, and in all."""

_TOO_LONG = re.compile(rf"(?<=`)[^`\n]{{{LITERAL_SHOWN + 1},}}(?=`)|[^\s`]{{{WORD_SHOWN + 1},}}")


def cut(text: str, most: int = WORD_SHOWN) -> str:
    """The beginning and the end of a text that is too long.

    >>> cut("abcdefghij", 5)
    'ab…ij'
    """
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[len(text) - (most - 1) // 2 :]}"


def shortened(text: str) -> str:
    """A message in which each name and value that is too long is cut in the middle, as is the whole.

    >>> shortened(f"there is no column `{'x' * 1000}`") == f"there is no column `{'x' * 40}…{'x' * 39}`"
    True
    """

    def shorter(found: re.Match[str]) -> str:
        if "/" in found[0]:
            return cut(found[0], PATH_SHOWN)
        return cut(found[0], LITERAL_SHOWN if " " in found[0] else WORD_SHOWN)

    return cut(_TOO_LONG.sub(shorter, text), TEXT_SHOWN)


SWITCHES = frozenset({"constant", "for_spreadsheets", "from_logits", "gradient", "partial", "resume"})
"""The arguments that are True or False, which are options without a value."""

_CODE = re.compile(r"`([^`]*)`|(?<![\w-])--[a-z][a-z-]*(?:=[^\s`,;)]+)?")
_OPTION = re.compile(r"--([a-z][a-z-]*)(?:[= ](.*?))?(?= --[a-z]|$)")
_COMMAND = re.compile(r"losscli (eval|compare|merge|check|suggest)")


def as_arguments(text: str) -> str:
    """A text that names options of the command, with the arguments of Python's functions in place of them.

    >>> as_arguments("add `--from-logits`, or name the class: `--pos-label CLASS`")
    'add `from_logits=True`, or name the class: `pos_label="CLASS"`'
    >>> as_arguments("`--pred A --pred B` names both; see `--by`, and `losscli eval --help`")
    '`pred=["A", "B"]` names both; see `by`, and `losscli eval --help`'
    """
    return _CODE.sub(_argument, text) if "--" in text or "`losscli " in text else text


def _argument(found: re.Match[str]) -> str:
    code = found[0].strip("`")
    if code.startswith("--"):
        values: dict[str, list[str]] = {}
        for option in _OPTION.finditer(code):
            values.setdefault(option[1].replace("-", "_"), []).append(option[2] or "")
        code = ", ".join(_assigned(name, given) for name, given in values.items())
    elif command := _COMMAND.fullmatch(code):
        code = f"losscli.{'evaluate' if command[1] == 'eval' else command[1]}"
    return f"`{code}`" if found[0].startswith("`") else code


def _assigned(name: str, values: list[str]) -> str:
    """An argument with its value; its name alone where no value is given."""
    if values == [""]:
        return f"{name}=True" if name in SWITCHES else name
    shown = [value if read_number(value) is not None else f'"{value.strip(chr(39))}"' for value in values]
    return f"{name}={shown[0] if len(shown) == 1 else '[' + ', '.join(shown) + ']'}"


def grouped(count: int) -> str:
    """A count with thin spaces between thousands.

    >>> grouped(1234567)
    '1 234 567'
    """
    return f"{count:,}".replace(",", " ")


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count and its noun.

    >>> plural(1, "row"), plural(2, "row")
    ('1 row', '2 rows')
    """
    return f"{grouped(count)} {noun(count, one, many)}"


def noun(count: int, one: str, many: str | None = None) -> str:
    """The noun that goes with a count.

    >>> noun(1, "row"), noun(2, "class", "classes")
    ('row', 'classes')
    """
    return one if count == 1 else many or f"{one}s"


SINGULAR = {"are": "is", "have": "has", "do": "does", "were": "was"}


def share(count: int, total: int, what: str, predicate: str) -> str:
    """How many of all, and what is true of them; the digits have no gaps, as in the file.

    >>> share(1, 3, "row", "are outside"), share(2, 2, "row", "differ"), share(1, 1, "row", "have none")
    ('1 of 3 rows is outside', '2 of 2 rows differ', '1 of 1 row has none')
    """
    verb, space, rest = predicate.partition(" ")
    verb = verb if count != 1 else SINGULAR.get(verb, f"{verb}s")
    return f"{count} of {total} {noun(total, what)} {verb}{space}{rest}"


def read_number(text: str) -> float | None:
    """The number written as ``text``; None where that is not a plain decimal.

    >>> read_number("1e3"), read_number("1_000")
    (1000.0, None)
    """
    return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII) else None


def either(words: Iterable[str]) -> str:
    """Words to choose from, as a list in English.

    >>> either(["table", "json", "csv"])
    'table, json or csv'
    """
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
