"""Commands that train: `--learning_rate 3e-5 \\`, with `=`, several a line, variables, and without continuation marks.

Only a command that trains states settings of the model. Where there is none, one that evaluates it states how; one that
fetches data states nothing. A bare flag is true. A variable is its value where the same block assigns it.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.card.dialects.codes import kind_of
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.names import state
from harness.domain import Fact, Stated

NAME = "shell"
_TOKEN = re.compile(r"""(?:[^\s'"\\]|\\.|'[^'\n]*'|"[^"\n]*"|['"])+|\\$""")
_BREAK = re.compile(r"\\+n(?=\s*--)")  # of lines, in letters
_ASSIGNED = re.compile(
    r"""^\s*[!%]?(?:export\s+)?(?P<name>[A-Za-z_]\w{0,40})=(?P<value>"[^"]*"|'[^']*'|[^\s#;]*)\s*(?:#.*|\\\s*)?$"""
)
_VARIABLE = re.compile(r"^\$\{?(?P<name>\w{1,40})\}?$")
_FLAG = re.compile(r"^--?(?P<name>[A-Za-z][\w-]{1,60})(?:=(?P<value>.*))?$", re.DOTALL)
_LONG = re.compile(r"(?:^|\s)--[A-Za-z][\w-]+")
_COMMAND = re.compile(
    r"^\s*[!$%]?\s*(?:[A-Z_]+=\S+\s+)*(?:nohup\s+|time\s+|srun\s+)?(?:python[\d.]*|accelerate|torchrun"
    r"|deepspeed|bash|sh|\./\S+|\S+\.(?:py|sh)|fairseq-\w+|marian|gaudi\S*)\b"
)
_TRAINS = re.compile(
    r"--(?:do_train|learning[_-]rate|lr|learn-rate|num_train_epochs|n?_?epochs|max_epochs?|train_batch_size|warmup_\w+"
    r"|per_(?:gpu|device)_train_batch_size|train_file|weight[_-]decay|train_steps|max-update)\b"
)
_TRAINING_SCRIPT = re.compile(r"(?:^|[\s/])(?:train[\w-]*|[\w-]+[_-]train(?:ing)?)\.py\b")
_HELP = re.compile(r"\busage:|\[-h\]|\s-h, --help\b")  # what a program prints of its own options
_FOR_READERS = re.compile(r"how to (?:fine-?tune|use)\b", re.IGNORECASE)  # headings above commands for others' models
_ADVICE = re.compile(
    r"^[-*\s]*(?:<sup>\d</sup> )?To try\b|\b[Yy]ou can (?:also )?(?:run|train|fine-?tune)(?: it)? with\b"
    r"|^Run with \W?\w"
)
_EVALUATES = re.compile(r"--(?:do_eval|do_predict|evaluate)\b")
_OF_EVALUATION = {
    "max_seq_length", "doc_stride", "max_query_length", "max_answer_length", "n_best_size", "eval_batch_size",
    "null_score_diff_threshold", "version_2_with_negative", "do_lower_case",
}  # fmt: skip
_EVALUATED = ("dataset_name", "predict_file", "validation_file")  # options that name what is evaluated on
_CHECKPOINT = re.compile(r"(?:[\w.-]+/)?[a-z0-9]+(?:-[\w.]+){1,8}")
_STOP = {"|", ">", ">>", "2>&1"}
_NEXT = {"&", "&&", ";", "||"}


@dataclass(frozen=True, slots=True)
class _Command:
    """A command's lines, their text, and what the variables of its block stand for."""

    lines: tuple[tuple[int, str], ...]
    text: str
    variables: dict[str, str]


def find(document: Document) -> Iterable[Finding]:
    blocks = [fence.lines for fence in document.fences if kind_of(fence) == "command"]
    found = [one for block in (*blocks, *_unfenced(document)) for one in _commands_of(block)]
    found = [one for one in found if not _HELP.search(one.text)]
    training = [one for one in found if _TRAINS.search(one.text) or _TRAINING_SCRIPT.search(one.text)]
    training = [one for one in training if not _is_for_readers(document, one.lines[0][0])]
    measuring = [one for one in found if one not in training and _EVALUATES.search(one.text)]
    for command in (*training, *measuring):
        is_training = command in training
        for one in _flags(document, command.lines, command.variables):
            if is_training or (not training and one.name in _OF_EVALUATION):
                yield one
            elif not is_training and one.name in _EVALUATED and "$" not in one.raw:
                yield Fact("eval_data", one.raw.rpartition("/")[2], one.line, NAME)


def _is_for_readers(document: Document, line: int) -> bool:
    """Whether a command is advice for what readers may train, by its heading or the sentence above it."""
    if _FOR_READERS.match(document.section(line)):
        return True
    fence = next(
        (one.lines[0][0] for one in document.fences if one.lines and one.lines[0][0] <= line <= one.lines[-1][0]), line
    )
    return _ADVICE.search(document.sentence_before(fence)) is not None


def _unfenced(document: Document) -> Iterator[list[tuple[int, str]]]:
    """Lines of text that are a command or its flags, blank lines between them allowed."""
    block: list[tuple[int, str]] = []
    for line, text in document.lines:
        stripped = text.strip()
        goes_on = bool(block) and (block[-1][1].rstrip().endswith("\\") or not stripped)
        if (
            (stripped.startswith("--") and _LONG.match(stripped))
            or ("--" in text and _COMMAND.match(text[:200]))
            or (goes_on and stripped)
        ):
            block.append((line, text))
        elif block and stripped:
            yield block
            block = []
    if block:
        yield block


def _commands_of(lines: Sequence[tuple[int, str]]) -> list[_Command]:
    variables: dict[str, str] = {}
    found = list(_commands(lines, variables))
    return [_Command(tuple(one), " ".join(text for _, text in one), variables) for one in found]


def _commands(lines: Sequence[tuple[int, str]], variables: dict[str, str]) -> Iterator[list[tuple[int, str]]]:
    command: list[tuple[int, str]] = []
    for line, text in lines:
        stripped = text.strip()
        if not stripped or stripped.startswith("#"):
            continue
        assigned = _ASSIGNED.match(text[:400]) if not (command and command[-1][1].rstrip().endswith("\\")) else None
        if assigned:
            value = assigned["value"].strip("\"'")
            variables[assigned["name"]] = variables.get(value.strip("${}"), value) if value.startswith("$") else value
            continue
        if (
            command
            and _COMMAND.match(text[:200])
            and not command[-1][1].rstrip().endswith("\\")
            and not stripped.startswith("-")
        ):
            yield command
            command = []
        command.append((line, text))
    if command:
        yield command


def _flags(document: Document, command: Sequence[tuple[int, str]], variables: dict[str, str]) -> Iterator[Stated]:
    """Each flag with what follows it up to the next one; positional words behind `--x=v` are none of its."""
    name, values, at = "", list[str](), 0
    for line, token in [*_tokens(command), (0, "--")]:
        match = _FLAG.match(token)
        is_number = token.startswith("-") and token[1:2].isdigit()
        if (match is None and token != "--") or is_number:
            if name and values != ["="]:
                values.append(_resolved(token, variables))
            continue
        if name:
            raw = " ".join(value for value in values if value != "=") or "true"
            yield _stated(name, raw, document.section(at), at)
        name, values, at = "", [], line
        if match and (token.startswith("--") or len(match["name"]) > 2):
            if match["value"] is not None:
                yield _stated(match["name"], _resolved(match["value"], variables), document.section(line), line)
            else:
                name = match["name"]


def _stated(key: str, raw: str, section: str, line: int) -> Stated:
    """A flag and its value; `--model NAME` names what is trained where the name is one of a checkpoint."""
    one = state(key, raw, section, line, NAME)
    return dataclasses.replace(one, name="base_model") if key == "model" and _CHECKPOINT.fullmatch(raw) else one


def _tokens(command: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    has_flags = False
    for line, text in command:
        is_ended = False
        for match in _TOKEN.finditer(_BREAK.sub(" ", text[:4000])):
            token = match.group().rstrip("\\") if not match.group().startswith(("'", '"')) else match.group()
            if token in _NEXT and not has_flags:
                continue  # what goes before the command: `export X=… && python …`
            if token in _STOP or token in _NEXT or token.startswith("#"):
                is_ended = not token.startswith("#")
                break
            if token.strip():
                has_flags = has_flags or token.startswith("--")
                yield line, token
        if is_ended:
            return


def _resolved(token: str, variables: dict[str, str]) -> str:
    text = token[1:-1] if len(token) > 1 and token[0] == token[-1] and token[0] in "\"'" else token
    match = _VARIABLE.match(text)
    return variables.get(match["name"], text) if match else text
