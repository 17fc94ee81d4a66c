"""The regenerated card: whose bytes are whose, what it adds, and that it reads as the original does."""

import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.card import generated
from harness.card.read import parse, read_card
from harness.cli.main import main
from harness.errors import CardError
from harness.judge import verdict
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.plan.sources import option
from harness.publish import model_card, privacy
from harness.publish.model_card.section import command_of
from harness.record import store
from harness.record.folder import Run
from tests.recorded import POCKET, ROOT, make_run

TARGET = ROOT / "cards" / "tinybert-6l.md"
ORIGINAL = POCKET.read_bytes()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on all questions of the pocket card."""
    return make_run(tmp_path_factory.mktemp("results") / "pocket" / "one", limit=None)


def rendered(run: Path, original: bytes) -> bytes:
    """The regenerated card of the run, had the run been of this card."""
    (run / "card.md").write_bytes(original)
    try:
        return model_card.render(model_card.read(run))
    finally:
        (run / "card.md").write_bytes(ORIGINAL)


def without_marked(text: str) -> str:
    """The card's own bytes, as this test understands them: no line between marks, kept ones back, end untouched."""
    restored = generated.restored(text)
    before, _, rest = restored.partition(generated.BEGIN)
    return before + rest.partition(generated.END)[2].lstrip("\r\n")


def plain(text: str) -> dict[str, Any]:
    """What a card says, without the lines on which it says it."""
    read = parse(Path("pocket.md"), text, "")
    return {
        "facts": [(one.name, one.value) for one in read.facts],
        "stated": [(one.name, one.value, one.raw, one.section) for one in read.stated],
        "claims": [dataclasses.replace(one, line=0) for one in read.claims],
        "conflicts": [(one.what, one.values) for one in read.conflicts],
    }


SHAPES = {
    "as it is": ORIGINAL,
    "carriage returns": ORIGINAL.replace(b"\n", b"\r\n"),
    "old carriage returns": ORIGINAL.replace(b"\n", b"\r"),
    "byte order mark": b"\xef\xbb\xbf" + ORIGINAL,
    "no line end at the end": ORIGINAL.rstrip(b"\n"),
    "blank lines at the end": ORIGINAL + b"\n\n",
    "no front matter": ORIGINAL.split(b"---\n", 2)[2],
    "no front matter, byte order mark": b"\xef\xbb\xbf" + ORIGINAL.split(b"---\n", 2)[2],
    "empty front matter": b"---\n---\n" + ORIGINAL.split(b"---\n", 2)[2],
    "indented front matter": b"---\n    license: mit\n    tags: [a]\n---\n" + ORIGINAL.split(b"---\n", 2)[2],
    "mojibake": TARGET.read_bytes(),
    "an unclosed fence": ORIGINAL + b"\n```\nlearning_rate = 1\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_byte_that_is_not_ours_survives(run: Path, shape: str) -> None:
    original = SHAPES[shape]
    made = rendered(run, original)
    assert without_marked(made.decode()).rstrip("\r\n") == original.decode().rstrip("\r\n")
    assert made.startswith(b"\xef\xbb\xbf") == original.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("shape", SHAPES)
def test_rendering_a_rendered_card_gives_the_same_bytes(run: Path, shape: str) -> None:
    once = rendered(run, SHAPES[shape])
    assert rendered(run, once) == once


@pytest.mark.parametrize("shape", SHAPES)
def test_a_regenerated_card_says_what_the_original_says(run: Path, shape: str) -> None:
    original = SHAPES[shape].decode()
    assert plain(rendered(run, SHAPES[shape]).decode()) == plain(original)


@pytest.mark.parametrize("shape", SHAPES)
def test_line_ends_are_those_of_the_card(run: Path, shape: str) -> None:
    ends = [set(re.findall(r"\r\n|\r|\n", text.decode())) for text in (SHAPES[shape], rendered(run, SHAPES[shape]))]
    assert ends[0] == ends[1]


def test_cards_of_other_people_keep_their_bytes_and_their_meaning(run: Path, shared: Path) -> None:
    """Every tenth of some hundred real cards; the few whose front matter is broken are refused."""
    n_refused = 0
    for path in sorted((shared / "cards").glob("*.md"))[::10]:
        original = path.read_bytes()
        try:
            made = rendered(run, original)
        except CardError:
            n_refused += 1
            continue
        assert rendered(run, made) == made, path
        assert without_marked(made.decode()).rstrip("\r\n") == original.decode().rstrip("\r\n"), path
        assert plain(made.decode()) == plain(original.decode()), path
    assert n_refused <= 2


def test_the_regenerated_card_plans_the_same_experiment(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "pocket.md"
    path.write_bytes(rendered(run, ORIGINAL))
    again, before = (plan(read_card(one), Options()) for one in (path, POCKET))
    block = model_card.read_block(path.read_text(encoding="utf-8"))
    assert block is not None
    assert block.experiment == model_card.experiment_hash(again) == model_card.experiment_hash(before)
    assert again.card_sha256 != before.card_sha256 == block.card_sha256


def test_another_setting_or_claim_is_another_experiment() -> None:
    first = model_card.experiment_hash(plan(read_card(POCKET), Options()))
    others = [
        plan(read_card(POCKET), Options(seed=7)),
        plan(read_card(POCKET), Options(settings={"prediction_layer.learning_rate": "1e-4"})),
        plan(read_card(POCKET), Options(tolerance={"exact": 2.0})),
    ]
    assert len({first, *(model_card.experiment_hash(other) for other in others)}) == 4


def test_the_block_gives_every_measurement_and_verdict_back(run: Path) -> None:
    block = model_card.read_block(rendered(run, ORIGINAL).decode())
    found = Run.open(run).conclusion
    assert block is not None
    assert (block.measurements, block.verdicts) == (found.measurements, found.judgement.verdicts)
    assert block.runs == (store.read_json(run / "identity.json")["identity"],)
    assert (block.outcome, block.rule) == (found.judgement.outcome, found.judgement.rule)


def test_a_card_without_a_block_has_none_and_a_broken_one_says_so(run: Path) -> None:
    assert model_card.read_block(ORIGINAL.decode()) is None
    made = rendered(run, ORIGINAL).decode()
    for broken in (
        made.replace('"rule":', '"role":', 1),
        made.replace('"outcome"', '"outcome'),
        made.replace("```\n\n</", "\n</"),
    ):
        with pytest.raises(CardError, match=r"README.md:\d+: the block that `harness card` wrote is broken"):
            model_card.read_block(broken, "README.md")


def header_of(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text.removeprefix("\ufeff").split("---")[1]))


def test_the_index_holds_what_was_measured_and_no_claim(run: Path) -> None:
    text = rendered(run, ORIGINAL).decode()
    header = header_of(text)
    (model,) = header.pop("model-index")
    assert header == header_of(ORIGINAL.decode())
    (result,) = model["results"]
    scores = {one.metric: one.value for one in Run.open(run).conclusion.measurements}
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == {
        "exact_match": round(scores["exact"], 4), "f1": round(scores["f1"], 4),
    }  # fmt: skip
    assert result["dataset"]["type"] == "squad-form"
    assert "verif" not in text.split("---")[1].lower()
    assert "95.38" not in text.split("---")[1]


INDEX = """\
model-index:
- name: pocket   # as published
  results:
  - task: {type: question-answering}
    dataset: {name: 'package:pocket/squad.json', type: squad.json}
    metrics: [{type: f1, value: 99.900, verified: true, verifyToken: abc}]
  - task: {type: question-answering}
    dataset:
      type: rajpurkar/squad
      name: squad
    metrics:
    - {type: f1, value: 88.50, name: F1}
tags:
"""


def test_results_on_other_data_stay_and_the_claim_on_these_data_is_kept_as_a_comment(run: Path) -> None:
    original = ORIGINAL.decode().replace("tags:\n", INDEX)
    made = rendered(run, original.encode()).decode()
    others, ours = header_of(made)["model-index"]
    assert [one["dataset"]["type"] for one in others["results"]] == ["rajpurkar/squad"]
    assert "value: 88.50" in made.split("---")[1].partition("metrics: [{type: f1")[2]
    assert ours["results"][0]["dataset"]["type"] == "squad-form"
    assert "verified" not in str(header_of(made))
    assert generated.KEPT + "    metrics: [{type: f1, value: 99.900, verified: true, verifyToken: abc}]\n" in made
    assert without_marked(made).rstrip("\n") == original.rstrip("\n")
    assert plain(made) == plain(original)
    assert rendered(run, made.encode()) == made.encode()


@pytest.mark.parametrize("value", [" []", "", " null", " {}", " [{name: x, results: []}]"])
def test_an_index_of_nothing_is_replaced(run: Path, value: str) -> None:
    original = ORIGINAL.decode().replace("tags:\n", f"model-index:{value}\ntags:\n")
    made = rendered(run, original.encode()).decode()
    assert [one["name"] for one in header_of(made)["model-index"]] == ["pocket"]
    assert without_marked(made).rstrip("\n") == original.rstrip("\n")


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("---\nlicense: [mit\n---\n", "is not YAML"),
        ("---\nlicense: mit\n", "never closed"),
        ("---\n{license: mit, language: en}\n---\n", "a key a line"),
        ("---\n- license\n---\n", "no mapping"),
        ("---\n{}\n---\n", "a key a line"),
        ("---\ntags: [a]\nmodel-index: []\nmodel-index: [{name: y}]\n---\n", "a key a line"),
    ],
)
def test_a_front_matter_that_cannot_be_added_to_is_an_error(run: Path, header: str, says: str) -> None:
    with pytest.raises(CardError, match=says):
        rendered(run, header.encode() + ORIGINAL.split(b"---\n", 2)[2])


def test_a_section_that_never_ends_is_an_error(run: Path) -> None:
    with pytest.raises(CardError, match="1 openings of a section of ours and 0 whole ones"):
        rendered(run, ORIGINAL + generated.BEGIN.encode() + b"\n")


def test_the_section_stays_where_it_was(run: Path) -> None:
    moved = ORIGINAL.decode().replace("## Evaluation", f"{generated.BEGIN}\nold\n{generated.END}\n\n## Evaluation")
    made = rendered(run, moved.encode()).decode()
    assert made.index(generated.BEGIN) < made.index("## Evaluation")
    assert "\nold\n" not in made
    assert plain(made) == plain(ORIGINAL.decode())


def test_what_stands_between_marks_is_noted_not_read(run: Path) -> None:
    read = parse(Path("pocket.md"), rendered(run, ORIGINAL).decode(), "")
    assert sum(note.text.endswith("written by harness; nothing in them is read") for note in read.notes) == 2


def test_a_limited_run_judges_nothing_and_says_how_to_run_it_again(tmp_path: Path) -> None:
    text = rendered(make_run(tmp_path / "pocket" / "one", seed=7), ORIGINAL).decode()
    section = text.partition(generated.BEGIN)[2]
    assert "**Limited**: this run says nothing about the numbers of this card" in section
    assert section.count("| not judged |") == 4
    assert "harness reproduce pocket.md --seed 7 --limit 8\n" in section
    assert "- scope, high: all questions → first 8 questions (--limit; judges nothing)\n" in section
    assert "exact (8 questions)" in text


def test_every_option_that_was_given_is_in_the_command_that_runs_it_again(run: Path) -> None:
    options = Options(
        teacher="a/b", train="c/d:train", check_teacher=True, published="none", padding="drop",
        settings={"prediction_layer.learning_rate": "1e-4"}, tolerance={"f1": 2.0, "exact": 0.5},
    )  # fmt: skip
    planned = plan(read_card(ROOT / "cards" / "tinybert-6l.md"), options)
    assert command_of(planned, Run.open(run).environment).split() == [
        "harness", "reproduce", "tinybert-6l.md",
        "--teacher", "a/b", "--check-teacher", "--train", "c/d:train", "--published", "none",
        "--set", "intermediate_layer.padding=dropped",
        "--set", "prediction_layer.learning_rate=0.0001", "--set", "prediction_layer.padding=dropped",
        "--tolerance", "exact=0.5,f1=2",
    ]  # fmt: skip


def test_nothing_in_the_card_tells_where_it_was_made(run: Path, tmp_path: Path) -> None:
    experiment = store.read_json(run / "experiment.json")
    before = json.dumps(experiment)
    private = str(tmp_path / "secret place" / "teacher")
    said = f"teacher {tmp_path}/y on {socket.gethostname()}"
    deviation = {"category": "recipe", "claimed": "teacher x", "actual": said, "may_explain_a_gap": True}
    deviation["reason"] = "token hf_abcdefghijklmnopqrstuvwxyz"
    experiment["deviations"].append(deviation)
    for setting in experiment["run"]["settings"]:
        if setting["name"] == "teacher":
            setting.update(value=private, origin="overridden", source=store.to_json(option("--teacher")))
    store.write_json(run / "experiment.json", experiment)
    try:
        text = rendered(run, ORIGINAL).decode()
    finally:
        store.write_json(run / "experiment.json", json.loads(before))
    assert "harness reproduce pocket.md --teacher teacher\n" in text
    assert "→ teacher …/y on " in text
    assert not [word for word in (str(tmp_path), str(ROOT), "hf_abc", "secret place") if word in text]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("/home/ann/my models/teacher", "…/teacher"),
        ("~/models/x.json", "…/x.json"),
        (r"C:\Users\ann\x.json", "…/x.json"),
        ("cannot read /srv/data/x.json (denied)", "cannot read …/x.json (denied)"),
        ("see https://user:pass@hub.example/a/b/c", "see https://hub.example/a/b/c"),
        ("file:///home/ann/x", "file://…/x"),
        ("stride:64/step|null, and/or, 1/2, org/name, package:pocket/squad.json", None),
        ("https://huggingface.co/org/name/resolve/main/x", None),
        ("hf-internal-testing/tiny-random-BertForQuestionAnswering and hf_internal_testing_tiny_random_bert", None),
        ("Bearer hf_abcdefghijklmnopqrstuv", "Bearer …"),
    ],
)
def test_paths_logins_and_tokens_are_cleaned_away(text: str, cleaned: str | None) -> None:
    assert privacy.clean(text) == (text if cleaned is None else cleaned)


@pytest.mark.parametrize(
    ("host", "cleaned"), [("annes-laptop.example.org", "on host, student of host"), ("student", None), ("box", None)]
)
def test_a_host_name_goes_unless_it_could_be_a_word(
    monkeypatch: pytest.MonkeyPatch, host: str, cleaned: str | None
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    text = f"on {host}, student of {host.partition('.')[0]}"
    assert privacy.clean(text) == (cleaned or text)
    assert privacy.clean_json({host: [text, 1]}) == {host: [cleaned or text, 1]}


def test_several_seeds_are_one_card_with_their_mean(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "pocket" / f"r{seed}", seed=seed, limit=None, wrong=(seed,)) for seed in (1, 2, 3)]
    names = [run.name for run in runs]
    folder = tmp_path / "pocket" / store.series_name(names)
    concluded = verdict.conclude([Run.open(run) for run in runs])
    store.write_text(folder / store.SERIES, store.series_text(names, concluded, is_sequential=False))
    text = model_card.render(model_card.read(folder)).decode()
    assert "- Reproduced: mean and standard deviation of 3 seeds: 1, 2, 3." in text
    assert "exact (mean of 3 seeds, 240 questions)" in text
    assert "\nharness reproduce pocket.md --seed 1 --seeds 3\n" in text
    block = model_card.read_block(text)
    assert block is not None
    assert len(block.runs) == 3


def test_the_command_prints_the_card_or_writes_it(
    run: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["card", str(run)]) == 0
    printed = capfdbinary.readouterr().out
    assert main(["card", str(run), "--out", str(tmp_path / "README.md")]) == 0
    assert printed == (tmp_path / "README.md").read_bytes()
    assert b"- Licence of the teacher (pocket-teacher.md): apache-2.0" in printed
    capfdbinary.readouterr()
    assert main(["card", str(run), "--json"]) == 0
    document = json.loads(capfdbinary.readouterr().out)
    assert document["card"].encode() == printed
    assert document["block"]["outcome"] == "within_tolerance"


def test_the_card_of_a_run_that_is_not_finished_is_refused(run: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["card", str(tmp_path)]) == 2
    assert "is no run folder" in capsys.readouterr().err


def test_the_card_needs_neither_torch_nor_a_hub_client(run: Path) -> None:
    code = (
        "import sys; from harness.cli.main import main; main(['card', sys.argv[1], '--out', sys.argv[2]]); "
        "print(*{'torch', 'transformers', 'datasets', 'huggingface_hub'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run), os.devnull], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split("\n")[1] == ""
