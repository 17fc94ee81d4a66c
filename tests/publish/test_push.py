"""harness push to a Hub on the loopback interface: what is there after it, and after everything that goes wrong."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import constants, parse_eval_result_entries
from huggingface_hub.utils import _http

from harness.card.read import read_card
from harness.cli.main import main
from harness.judge.audit import audit
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.publish import licences, model_card
from harness.record import store
from harness.record.folder import Run
from tests import recorded
from tests.conftest import ROOT, take_for
from tests.hub_server import READ_TOKEN, TOKEN, Fault, Hub, serving
from tests.recorded import POCKET, make_run

REPO = "org/student"
COMMIT = r"/commit/"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on all questions of the pocket card, with weights that are none."""
    return make_run(tmp_path_factory.mktemp("results") / "pocket" / "one", limit=None)


@pytest.fixture
def hub(own_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A Hub that this process is logged in to."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return own_hub


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client waits before it tries again; none of them is waited here."""
    waited: list[float] = []
    monkeypatch.setattr(_http.time, "sleep", waited.append)
    return waited


def push(run: Path, *options: str) -> int:
    return main(["push", str(run), "--repo", REPO, *options])


def expected_files(run: Path) -> set[str]:
    recorded = {path.relative_to(run).as_posix() for path in store.record_files(run)} | {store.MANIFEST, store.VERDICT}
    return {"README.md", "model.safetensors", "pocket-teacher.md", *(f"record/{name}" for name in recorded)}


# --- what is pushed ---


def test_a_push_is_one_commit_with_student_card_and_record(run: Path, hub: Hub, capsys: Any) -> None:
    assert push(run) == 0
    files = hub.files(REPO)
    assert set(files) == expected_files(run)
    assert files["README.md"].decode().count("**Within tolerance**") == 1
    assert [one.title for one in hub.repositories[REPO].commits.values()] == [
        "initial commit", "Push the student, card and record of pocket: within tolerance",
    ]  # fmt: skip
    assert hub.repositories[REPO].at("main").large == {"model.safetensors"}  # type: ignore[union-attr]
    assert capsys.readouterr().out.startswith(f"pushed {len(files)} files in one commit: {hub.endpoint}/{REPO}/commit/")


def test_pushing_twice_changes_nothing(run: Path, hub: Hub, capsys: Any) -> None:
    assert push(run) == 0
    before = dict(hub.repositories[REPO].commits)
    hub.asked.clear()
    assert push(run) == 0
    assert "nothing to push" in capsys.readouterr().out
    assert hub.repositories[REPO].commits == before
    assert {line.split()[0] for line in hub.asked} == {"GET"}


def test_only_what_differs_is_sent_and_what_is_stale_in_the_record_goes(run: Path, hub: Hub) -> None:
    assert push(run) == 0
    there = hub.repositories[REPO]
    tree = {**hub.files(REPO), "record/old.json": b"{}", "notes.txt": b"of the owner", "README.md": b"another"}
    there.add("main", "by hand", tree, frozenset({"model.safetensors"}))
    hub.asked.clear()
    assert push(run) == 0
    assert set(hub.files(REPO)) == {*expected_files(run), "notes.txt"}
    assert hub.files(REPO)["README.md"] != b"another"
    assert not [line for line in hub.asked if line.startswith("PUT")]


def test_the_pushed_record_passes_its_audit_and_its_card_plans_the_same(run: Path, hub: Hub, tmp_path: Path) -> None:
    assert push(run) == 0
    for name, content in hub.files(REPO).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    done = audit(Run.open(tmp_path / "record"))
    assert done.is_passed, [check.problems for check in done.checks]
    block = model_card.read_block((tmp_path / "README.md").read_text(encoding="utf-8"))
    assert block is not None
    again = plan(read_card(tmp_path / "README.md"), Options())
    assert block.experiment == model_card.experiment_hash(again)
    assert block.experiment == model_card.experiment_hash(Run.open(tmp_path / "record").experiment)


def test_dry_run_lists_every_file_and_the_card_and_asks_for_no_token(
    run: Path, hub: Hub, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert push(run, "--dry-run", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert hub.asked == []
    assert push(run, "--dry-run") == 0
    out = capsys.readouterr().out
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert push(run) == 0
    files = hub.files(REPO)
    assert {one["path"]: one["size"] for one in document["files"]} == {name: len(one) for name, one in files.items()}
    assert document["card"].encode() == files["README.md"]
    for one in document["files"]:
        assert re.search(rf"{re.escape(one['path'])} +{one['size']:,} +{one['sha256']}", out)
    assert "**Within tolerance**" in out
    assert "licence of the teacher (pocket-teacher.md): apache-2.0" in out


def test_a_private_repository_is_made_private_and_a_public_one_is_not_pushed_to_as_one(
    run: Path, hub: Hub, capsys: Any
) -> None:
    assert push(run, "--private") == 0
    assert hub.repositories[REPO].private
    assert push(run, "--private") == 0
    hub.repositories[REPO].private = False
    assert push(run, "--private") == 5
    assert "is public and --private was asked" in capsys.readouterr().err


def test_a_pull_request_is_opened_once(run: Path, hub: Hub, capsys: Any) -> None:
    hub.make(REPO)
    for _ in range(2):
        assert push(run, "--create-pr", "--commit-message", "Measured again") == 0
    assert hub.repositories[REPO].requests == ["Measured again"]
    assert hub.files(REPO) == {}
    assert set(hub.files(REPO, "refs/pr/1")) == expected_files(run)
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(f"{REPO}/discussions/1")
    assert second.startswith("nothing to push")


def test_a_branch_is_pushed_to_where_there_is_one(run: Path, hub: Hub, capsys: Any) -> None:
    there = hub.make(REPO)
    assert push(run, "--revision", "measured") == 5
    assert "no such repository, branch or file" in capsys.readouterr().err
    there.refs["measured"] = there.refs["main"]
    assert push(run, "--revision", "measured") == 0
    assert (hub.files(REPO), set(hub.files(REPO, "measured"))) == ({}, expected_files(run))


# --- the pushed card stands on its own ---


def test_a_pushed_card_goes_by_its_name_with_its_teacher_s_card_beside_it(
    run: Path, hub: Hub, capsys: Any, tmp_path: Path
) -> None:
    assert push(run) == 0
    files = hub.files(REPO)
    assert f"\nharness reproduce {REPO}\n" in files["README.md"].decode()
    assert files["pocket-teacher.md"] == POCKET.with_name("pocket-teacher.md").read_bytes()
    capsys.readouterr()
    assert main(["plan", REPO, "--results", str(tmp_path), "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    named = {one["name"]: one["value"] for one in planned["experiment"]["run"]["settings"]}
    assert named["teacher"] == "pocket-teacher.md"
    (text,) = [one for one in hub.asked if one.startswith("GET") and "pocket-teacher.md" in one]
    assert "/resolve/" in text


def test_a_list_of_ids_and_what_a_teacher_s_card_names_go_along_and_what_is_not_at_hand_is_named(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    words = "`package:pocket/squad.json` (240 SQuAD 2.0 training questions)"
    for name in ("pocket.md", "pocket-teacher.md"):
        text = POCKET.with_name(name).read_text(encoding="utf-8")
        listed = text.replace(f"**Training data:** {words}", f"**Training data:** {words[:-1]}, listed in `some.ids`)")
        (tmp_path / name).write_text(listed, encoding="utf-8")
    (tmp_path / "some.ids").write_text("a\nb\n", encoding="utf-8")
    monkeypatch.setattr(recorded, "POCKET", tmp_path / "pocket.md")
    one = make_run(tmp_path / "results" / "pocket" / "one", limit=None)
    assert push(one) == 0
    assert hub.files(REPO)["some.ids"] == b"a\nb\n"
    (tmp_path / "some.ids").unlink()
    assert push(one, "--dry-run") == 0
    assert "- Not beside this card: `some.ids`, which it names" in capsys.readouterr().out


def test_what_the_hub_would_refuse_of_a_card_is_said_by_card_and_push_before_it(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    text = POCKET.read_text(encoding="utf-8").replace("tags:\n", "tags:\n- null\n").replace("apache-2.0", "Apache-2.0")
    (tmp_path / "pocket.md").write_text(text, encoding="utf-8")
    shutil.copy(POCKET.with_name("pocket-teacher.md"), tmp_path)
    monkeypatch.setattr(recorded, "POCKET", tmp_path / "pocket.md")
    one = make_run(tmp_path / "pocket" / "one", limit=None)
    for command in (["card", str(one)], ["push", str(one), "--repo", REPO, "--dry-run"]):
        assert main(command) == 0
        said = capsys.readouterr().err
        assert "the Hub would refuse this card, line 3: license 'Apache-2.0' is none that the Hub knows" in said
        assert "tags[0] is null" in said
    assert hub.asked == []


# --- beside the model: a data set of records, and the Hub's benchmarks ---


def test_a_data_set_of_records_gets_the_record_and_the_card_links_to_it(run: Path, hub: Hub, capsys: Any) -> None:
    records = "org/records"
    assert push(run, "--results-repo", records) == 0
    there = hub.files(f"datasets/{records}")
    start = f"pocket/{run.name}/"
    assert {name.removeprefix(start) for name in there} == {
        name.removeprefix("record/") for name in expected_files(run) if name.startswith("record/")
    }
    assert {f"record/{name.removeprefix(start)}": content for name, content in there.items()}.items() <= hub.files(
        REPO
    ).items()
    source = f"{hub.endpoint}/datasets/{records}/tree/main/pocket/{run.name}"
    index = yaml.safe_load(hub.files(REPO)["README.md"].decode().split("---")[1])["model-index"]
    assert index[-1]["results"][0]["source"] == {"url": source, "name": "harness record"}
    assert len(capsys.readouterr().out.splitlines()) == 2
    hub.asked.clear()
    assert push(run, "--results-repo", records) == 0
    assert capsys.readouterr().out.count("nothing to push") == 2
    assert {line.split()[0] for line in hub.asked} == {"GET"}


def test_other_runs_of_a_data_set_of_records_stay(run: Path, hub: Hub, tmp_path: Path) -> None:
    other = make_run(tmp_path / "pocket" / "two", limit=None, wrong=())
    for one in (run, other):
        assert push(one, "--results-repo", "org/records") == 0
    kept = {name.split("/")[1] for name in hub.files("datasets/org/records")}
    assert kept == {run.name, "two"}


def test_a_record_that_was_not_taken_leaves_the_model_as_it_is_and_the_same_command_finishes(
    run: Path, hub: Hub, capsys: Any
) -> None:
    hub.faults.append(Fault("POST", r"/api/datasets/.*/commit/", 403))
    assert push(run, "--results-repo", "org/records") == 5
    assert capsys.readouterr().err.startswith("harness: org/records: the token may not write there")
    assert REPO not in hub.repositories
    assert push(run, "--results-repo", "org/records") == 0
    assert set(hub.files(REPO)) == expected_files(run)


def test_dry_run_lists_what_goes_to_the_data_set_of_records(run: Path, hub: Hub, capsys: Any) -> None:
    assert push(run, "--dry-run", "--results-repo", "org/records") == 0
    assert f"also to data set org/records, in pocket/{run.name}" in capsys.readouterr().out
    assert hub.asked == []
    assert push(run, "--dry-run", "--results-repo", "records") == 2


EVAL_YAML = b"name: x\ntasks:\n- id: answers\n  split: validation\n- id: other\n  split: test\n"


@pytest.mark.parametrize(
    ("tags", "listed", "task"),
    [
        (["benchmark:official"], EVAL_YAML, "answers"),
        (["task_categories:question-answering"], EVAL_YAML, None),
        (["benchmark:official"], EVAL_YAML.replace(b"test", b"validation"), None),
    ],
)
def test_a_benchmark_gets_a_file_of_results_and_other_data_get_none(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tags: list[str], listed: bytes, task: str | None
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    take_for(monkeypatch, "package:pocket/squad.json")
    hub.make("datasets/org/squad").add("main", "as it is", {"eval.yaml": listed}, frozenset())
    hub.repositories["datasets/org/squad"].tags.extend(tags)
    one = make_run(tmp_path / "pocket" / "one", limit=None, eval_data="org/squad:validation")
    assert push(one, "--results-repo", "org/records") == 0
    found = {name: content for name, content in hub.files(REPO).items() if name.startswith(".eval_results/")}
    assert bool(found) is (task is not None)
    for name, content in found.items():
        (entry,) = parse_eval_result_entries(yaml.safe_load(content))
        assert (name, entry.dataset_id, entry.task_id) == (".eval_results/squad.yaml", "org/squad", task)
        assert entry.value == pytest.approx(100 * 238 / 240, abs=1e-4)
        assert entry.verify_token is None
        assert entry.source_url == f"{hub.endpoint}/datasets/org/records/tree/main/pocket/one"
        assert "240 questions" in str(entry.notes)


def test_a_hub_that_does_not_say_whether_data_are_a_benchmark_stops_the_push(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    take_for(monkeypatch, "package:pocket/squad.json")
    one = make_run(tmp_path / "pocket" / "one", limit=None, eval_data="org/nowhere:validation")
    assert push(one) == 5
    assert "data set org/nowhere: whether it is a benchmark cannot be seen" in capsys.readouterr().err
    assert REPO not in hub.repositories


# --- what is refused before anything is asked ---


def test_a_limited_run_is_pushed_only_when_told_to(hub: Hub, tmp_path: Path, capsys: Any) -> None:
    limited = make_run(tmp_path / "pocket" / "limited")
    assert push(limited) == 2
    assert "the run is limited (run on 8 questions only: it judges nothing about the card)" in capsys.readouterr().err
    assert hub.asked == []
    assert push(limited, "--allow-verdict") == 0
    assert b"**Limited**" in hub.files(REPO)["README.md"]


@pytest.mark.parametrize(
    ("licence", "is_refused"),
    [("mit", False), ("cc-by-nd-4.0", True), ("cc-by-nc-nd-4.0", True), ("other", True), (None, True)],
)
def test_a_licence_that_is_unknown_or_forbids_is_refused(licence: str | None, is_refused: bool) -> None:
    assert bool(licences.refusals({"teacher (org/x)": licence or licences.UNKNOWN})) is is_refused


@pytest.mark.parametrize(
    ("teacher", "said"),
    [
        (None, "unknown"),
        ("# no front matter\n", "unknown"),
        ("---\nlicense: cc-by-nd-4.0\n---\n", "cc-by-nd-4.0, which forbids derivatives"),
    ],
)
def test_a_teacher_without_a_licence_is_refused_and_can_be_accepted(
    hub: Hub, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, teacher: str | None, said: str
) -> None:
    monkeypatch.setattr(recorded, "POCKET", Path(shutil.copy(POCKET, tmp_path)))
    if teacher is not None:
        (tmp_path / "pocket-teacher.md").write_text(teacher, encoding="utf-8")
    one = make_run(tmp_path / "pocket" / "one", limit=None)
    assert push(one) == 2
    assert f"the licence of the teacher (pocket-teacher.md) is {said}; --accept-license" in capsys.readouterr().err
    assert push(one, "--accept-license") == 0
    line = f"- Licence of the teacher (pocket-teacher.md): {said.partition(',')[0]}\n"
    assert line.encode() in hub.files(REPO)["README.md"]


def test_all_that_speaks_against_is_said_at_once(hub: Hub, tmp_path: Path, capsys: Any) -> None:
    limited = make_run(tmp_path / "pocket" / "limited")
    shutil.rmtree(store.student_of(limited, "prediction_layer"))
    assert push(limited) == 2
    error = capsys.readouterr().err
    assert "the run is limited" in error
    assert "the weights are not there (stages/prediction_layer/student holds no .safetensors file)" in error


def test_a_run_that_is_not_finished_or_fails_its_audit_is_refused(hub: Hub, tmp_path: Path, capsys: Any) -> None:
    one = make_run(tmp_path / "pocket" / "one", limit=None)
    answers = one / "evaluation" / "predictions.json"
    answers.write_text(
        answers.read_text(encoding="utf-8").replace("nothing of the kind", "something"), encoding="utf-8"
    )
    assert push(one) == 4
    assert "the record fails its audit: " in capsys.readouterr().err
    (one / store.VERDICT).unlink()
    assert push(one) == 2
    assert "is not finished" in capsys.readouterr().err
    assert hub.asked == []


@pytest.mark.parametrize("name", ["student", "org/a/b", "org/a b", "org/--x", "", "org/x.git", "https://hub/org/x"])
def test_a_name_that_is_no_repository_is_refused(run: Path, hub: Hub, name: str, capsys: Any) -> None:
    assert main(["push", str(run), "--repo", name]) == 2
    assert "is no repository name" in capsys.readouterr().err
    assert hub.asked == []


def test_without_a_token_nothing_is_asked(run: Path, hub: Hub, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "nowhere")
    assert push(run) == 2
    assert "no token to push with; log in with `hf auth login`, or set HF_TOKEN" in capsys.readouterr().err
    assert hub.asked == []


def test_there_is_no_option_for_a_token(run: Path, capsys: Any) -> None:
    assert push(run, "--token", "x") == 2
    assert "--token: no such option" in capsys.readouterr().err


# --- what goes wrong on the way ---

RETRIED = 6  # the client asks once and five times more
FAULTS = {
    "401 at the start": (Fault("GET", r"/api/models/org/student$", 401), "the token is not accepted"),
    "403 on commit": (Fault("POST", COMMIT, 403), "the token may not write there"),
    "404 on commit": (Fault("POST", COMMIT, 404), "there is no such repository, branch or file"),
    "409 on commit": (Fault("POST", COMMIT, 409), "something else is changing it at the moment"),
    "412 on commit": (Fault("POST", COMMIT, 412), "it was changed meanwhile"),
    "429 on commit": (Fault("POST", COMMIT, 429, {"Retry-After": "7"}), "it is asked too often .*wait 7 s"),
    "429 again and again": (Fault("POST", "/preupload/", 429, {"Retry-After": "3"}, times=RETRIED), "asked too often"),
    "500 on commit": (Fault("POST", COMMIT, 500), "the Hub failed .status 500"),
    "503 on every upload": (Fault("PUT", "/lfs/", 503, times=RETRIED), "the Hub failed .status 503"),
    "400 on upload": (Fault("PUT", "/lfs/", 400), "the Hub refused it .status 400"),
    "cut in every upload": (Fault("PUT", "/lfs/", cut=True, times=RETRIED), "without sending|reset|closed|pipe"),
    "cut in the commit": (Fault("POST", COMMIT, cut=True), "without sending|reset|closed|pipe"),
    "not JSON": (Fault("GET", "/tree/", 204), "."),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_after_a_fault_nothing_is_there_and_the_same_command_finishes_it(
    run: Path, hub: Hub, name: str, naps: list[float], capsys: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hub.make(REPO)
    fault, said = FAULTS[name]
    hub.faults.append(fault)
    assert push(run) == 5
    error = capsys.readouterr().err
    assert re.search(rf"harness: {REPO}: .*(?:{said})", error), error
    assert error.rstrip().endswith("the repository holds all of it or nothing; the same command finishes it")
    assert "Traceback" not in error
    assert TOKEN not in error + caplog.text
    assert hub.files(REPO) == {}
    assert push(run) == 0
    assert set(hub.files(REPO)) == expected_files(run)
    assert len(hub.repositories[REPO].commits) == 2


@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        (Fault("POST", "/preupload/", 429, {"Retry-After": "7"}), [8.0]),  # a second more than it was told to
        (Fault("PUT", "/lfs/", 500), [1]),
        (Fault("PUT", "/lfs/", cut=True), [1]),
        (Fault("POST", COMMIT, delay=0.3), []),
    ],
)
def test_what_passes_by_itself_is_waited_for(
    run: Path, hub: Hub, naps: list[float], fault: Fault, waited: list[float]
) -> None:
    real = [fault.delay] if fault.delay else []
    hub.faults.append(fault)
    assert push(run) == 0
    assert set(hub.files(REPO)) == expected_files(run)
    assert [nap for nap in naps if nap not in real] == waited


@pytest.mark.parametrize("status", [None, 500])
def test_a_commit_whose_answer_is_lost_is_found_to_be_there(
    run: Path, hub: Hub, status: int | None, naps: list[float], capsys: Any
) -> None:
    hub.make(REPO)
    hub.faults.append(Fault("POST", COMMIT, status, after=True))
    assert push(run) == 5
    assert set(hub.files(REPO)) == expected_files(run)
    capsys.readouterr()
    assert push(run) == 0
    assert "nothing to push" in capsys.readouterr().out
    assert len(hub.repositories[REPO].commits) == 2


def test_what_someone_else_commits_meanwhile_is_not_overwritten(
    run: Path, hub: Hub, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = hub.make(REPO)
    upload = hub.preupload

    def meanwhile(**given: Any) -> Any:
        if len(there.commits) == 1:
            there.add("main", "meanwhile", {"README.md": b"of someone else"}, frozenset())
        return upload(**given)

    monkeypatch.setattr(hub, "preupload", meanwhile)
    assert push(run) == 5
    assert "it was changed meanwhile (status 412: A commit has happened since" in capsys.readouterr().err
    assert hub.files(REPO) == {"README.md": b"of someone else"}
    assert push(run) == 0
    assert set(hub.files(REPO)) == expected_files(run)


@pytest.mark.parametrize("token", [READ_TOKEN, "hf_" + "x" * 34])
def test_a_token_that_may_not_write_is_an_error_that_does_not_show_it(
    run: Path, hub: Hub, token: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    assert push(run) == 5
    captured = capsys.readouterr()
    assert re.search(r"status 40[13]", captured.err)
    assert token not in captured.out + captured.err
    assert hub.repositories == {}


def test_metadata_that_the_hub_does_not_take_is_said_before_anything_is_sent(
    run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("harness.publish.bundle.model_card.render", lambda *_, **__: b"---\nmodel-index: 1\n---\n# x\n")
    assert push(run) == 5
    assert "Invalid metadata in README.md" in capsys.readouterr().err
    assert not [line for line in hub.asked if "preupload" in line or line.startswith("PUT")]
    assert hub.files(REPO) == {}


def test_no_connection_is_said(run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert push(run) == 5
    assert f"harness: {REPO}: " in capsys.readouterr().err


# --- the whole way, each command in a process of its own ---

# transformers 5 has no pipeline "question-answering" any more; where there is one, it is asked too.
LOAD = """
import sys
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, pipeline
from transformers.pipelines import PIPELINE_REGISTRY
for kind in (AutoModelForQuestionAnswering, AutoTokenizer):
    kind.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2])
(states,) = pipeline("feature-extraction", model=sys.argv[1])("Who is king?")
print(len(states), len(states[0]))
if "question-answering" in PIPELINE_REGISTRY.supported_tasks:
    answer = pipeline("question-answering", model=sys.argv[1])(question="Who?", context="The king is here.")
    assert answer["answer"] in "The king is here.", answer
"""
EVALUATE = """
import sys
from pathlib import Path
from accelerate import Accelerator
from harness.record.folder import Run
from harness.qa import squad
from harness.run.evaluate import evaluate
from harness.card.references import PACKAGE
from harness.train.progress import Silent
model, run, out = map(Path, sys.argv[1:])
questions = list(squad.first_questions(squad.read_squad(PACKAGE / "pocket" / "squad.json"), 8))
settings = Run.open(run).experiment.evaluation
cpu = Accelerator(cpu=True)
evaluate(model, questions, settings, out, data={"sha256": ""}, seed=0, accelerator=cpu, watch=Silent())
"""


def test_the_pushed_student_answers_as_the_record_says(command: list[str], tmp_path: Path, capsys: Any) -> None:
    assert main(command) in (0, 1, 4)
    capsys.readouterr()
    run = next((tmp_path / "results").glob("*/*/verdict.json")).parent
    with serving() as hub:
        alone = {
            "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.endpoint, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(ROOT),
        }  # fmt: skip

        def python(*arguments: str) -> subprocess.CompletedProcess[str]:
            done = subprocess.run(
                [sys.executable, *arguments], cwd=tmp_path, env={**os.environ, **alone},
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr[-3000:]
            assert TOKEN not in done.stdout + done.stderr
            return done

        pushed = python("-m", "harness", "push", str(run), "--repo", REPO, "--allow-verdict", "--accept-license")
        assert "in one commit" in pushed.stdout
        files = hub.files(REPO)
        loaded = python("-c", LOAD, REPO, str(tmp_path / "model"))
    n_tokens, n_hidden = map(int, loaded.stdout.split())
    assert (n_tokens, n_hidden) == (6, json.loads(files["config.json"])["hidden_size"])
    python("-c", EVALUATE, str(tmp_path / "model"), str(run), str(tmp_path / "again"))
    answers = store.read_json(run / "evaluation" / "predictions.json")
    assert store.read_json(tmp_path / "again" / "predictions.json") == answers
    assert len(answers) == 8
    assert {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"} <= set(files)
    everything = b"\0".join(files.values())
    for secret in (TOKEN, str(tmp_path), str(ROOT), str(Path.home()) + "/"):
        assert secret.encode() not in everything
    assert "record/experiment.json" in files
    assert POCKET.name.encode() not in files["README.md"]


def test_a_repository_is_not_made_for_a_branch_or_a_pull_request(run: Path, hub: Hub, capsys: Any) -> None:
    for option in (["--revision", "measured"], ["--create-pr"]):
        assert push(run, *option) == 5
        assert "there is no such repository, branch or file" in capsys.readouterr().err
    assert hub.repositories == {}
