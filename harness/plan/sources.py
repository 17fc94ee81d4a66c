"""Where a setting is from: as data when it is planned, in words where somebody reads it."""

from harness.domain import Source

_TAKES_FILE = ("--train", "--eval")  # named with their argument


def card_line(line: int) -> Source:
    return Source("card", lines=(line,))


def option(name: str, setting: str = "") -> Source:
    """An option of the command line; its value is the setting's own."""
    return Source("option", option=name, setting=setting)


def rule(words: str, *lines: int) -> Source:
    """What a value follows by, and the lines of the card that it follows from."""
    return Source("rule", rule=words, lines=lines)


def describe(source: Source) -> str:
    """The one place where a source becomes text."""
    match source.kind:
        case "card":
            return f"card line {', '.join(map(str, source.lines))}"
        case "option":
            argument = "FILE" if source.option in _TAKES_FILE else source.setting
            return f"{source.option} {argument}".rstrip()
        case "default":
            return f"{source.library} {source.version} {source.symbol}"
        case "rule":
            return source.rule
