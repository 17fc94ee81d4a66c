"""The report page: what is on it, that nothing of a card or an answer becomes markup, and how it works in a browser."""

import dataclasses
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.errors import StoreError
from harness.plan.sources import describe
from harness.qa import squad
from harness.record import store
from harness.record.folder import Run
from harness.report.html import pages, questions, report
from harness.report.html.gather import gather
from tests.browser import Browser
from tests.recorded import N_QUESTIONS, QUESTIONS, ROOT, make_run

HOSTILE = (
    "</script><script>window.hit=1</script>",
    "<img src=http://outside.example/x onerror=window.hit=2>",
    "\"' onmouseover='window.hit=3' x=\"",
    "<!-- ]]> <style>*{display:none}</style>",
    "\x1b[31mred\x1b[0m \x07\x00 \u202egnp.exe\u202c \u2028",
    "&lt;b&gt; &amp; <svg onload=window.hit=4>",
    "url(#a) id=\"b\" {{ 7*7 }} ${7*7}",
    "javascript:alert(1)",
)  # fmt: skip


class Elements(HTMLParser):
    """What a page is made of: names, attributes, and the text of each kind of element."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.data: dict[str, str] = {}
        self._script: str | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._script = dict(attrs).get("id") if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._script is not None:
            self.data[self._script] = self.data.get(self._script, "") + data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def edit_rows(folder: Path, n_rows: int | None = None, *values: str) -> list[dict[str, Any]]:
    """The rows of a scored model, written again `n_rows` times over with these as answers and articles."""
    path = folder / "per_question.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [{**rows[n % len(rows)]} for n in range(n_rows or len(rows))]
    for n, row in enumerate(rows):
        row["id"] = f"{n:024x}"
        if values:
            row["prediction"], row["article"] = values[n % len(values)], values[(n + 1) % len(values)]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return rows


def publish(run: Path) -> None:
    """Published weights that answer the first question wrongly and the second one rightly."""
    rows = [json.loads(line) for line in (run / "evaluation/per_question.jsonl").read_text().splitlines()]
    rows[0] |= {"prediction": "another", "exact": 0}
    rows[1] |= {"prediction": "the right one", "exact": 1}
    store.write_lines(run / "published/per_question.jsonl", [json.dumps(row) + "\n" for row in rows])
    store.write_json(run / "published/metrics.json", {})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("results") / "pocket" / "20261123T101500Z-aaaaaaaa")


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    return report.render(run)


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose card, plan, verdict, answers and questions are all written by someone who means harm."""
    run = make_run(tmp_path_factory.mktemp("hostile") / "pocket" / "20261123T101500Z-bbbbbbbb")
    with (run / "card.md").open("a", encoding="utf-8") as card:
        card.write("\n" + "\n".join(one.replace("\x00", "") for one in HOSTILE) + "\n")
    plain = store.read_json(run / "experiment.json")
    plain["name"] = HOSTILE[0]
    plain["ambiguities"] = list(HOSTILE)
    plain["deviations"] = [
        {"category": "data", "claimed": one, "actual": one, "may_explain_a_gap": True, "reason": one} for one in HOSTILE
    ]
    for one, setting in zip(HOSTILE, plain["run"]["settings"], strict=False):
        setting["source"] |= {"kind": "rule", "rule": f"{one} (card line 21)", "lines": [21]}
    store.write_json(run / "experiment.json", plain)
    plain = store.read_json(run / "verdict.json")
    plain["judgement"] |= {"reason": HOSTILE[1], "flags": list(HOSTILE)}
    store.write_json(run / "verdict.json", plain)
    plain = store.read_json(run / "environment.json")
    plain["machine"]["code"] |= {one: one for one in HOSTILE}
    store.write_json(run / "environment.json", plain)
    rows = edit_rows(run / "evaluation", None, *HOSTILE)
    asked = [{"id": row["id"], "question": one, "answers": [{"text": one, "answer_start": 3}]}
             for one, row in zip(HOSTILE, rows, strict=True)]  # fmt: skip
    paragraph = {"context": " ".join(HOSTILE), "qas": asked}
    store.write_json(run.parent / "asked.json", {"data": [{"title": "t", "paragraphs": [paragraph]}]})
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of as many questions as the SQuAD 2.0 dev set has, the published weights among them."""
    run = make_run(tmp_path_factory.mktemp("whole") / "pocket" / "20261123T101500Z-aaaaaaaa")
    edit_rows(run / "evaluation", 11_873, *(f"an answer of some words, as they are {n}" for n in range(35)))
    publish(run)
    return report.render(run)


@pytest.fixture(scope="module")
def hostile_page(hostile: Path) -> str:
    return report.render(hostile, hostile.parent / "asked.json")


# --- what is on the page ---


def test_the_headline_is_the_verdict_and_every_claim_has_its_numbers(elements: Elements, run: Path) -> None:
    judgement = store.read_json(run / "verdict.json")["judgement"]
    assert f"{judgement['outcome']}" in elements.text
    assert judgement["reason"] in elements.text
    for one in judgement["verdicts"]:
        digits = 2 if one["unit"] == "points" else 4
        for value in (
            f"{one['claimed']:.{digits}f}",
            f"{one['difference']:+.{digits}f}",
            f"±{one['tolerance']:.{digits}f}",
        ):
            assert value in elements.text


def test_every_setting_is_beside_the_card_with_its_source(elements: Elements, run: Path) -> None:
    for stage in Run.open(run).experiment.sections():
        for setting in stage.settings:
            assert setting.name in elements.texts
            assert any(text.startswith(describe(setting.source)) for text in elements.texts), setting


def test_the_card_stands_line_by_line_under_its_own_numbers(elements: Elements, run: Path) -> None:
    n_lines = len((run / "card.md").read_text(encoding="utf-8").splitlines())
    numbers = [one["data-line"] for name, one in elements.found if name == "li" and "data-line" in one]
    assert numbers == [str(n) for n in range(1, n_lines + 1)]
    used = {one["data-line"] for name, one in elements.found if name == "li" and one.get("class") == "used"}
    assert {"21", "63", "64"} <= used


def test_what_a_model_scores_that_never_answers_is_said(elements: Elements, run: Path) -> None:
    rows = Run.open(run).evaluation.answers
    floor = 100 * sum(not one.has_answer for one in rows) / len(rows)
    assert f"never answers scores exact and f1 {floor:.2f} on these" in elements.text


def test_a_run_without_claims_shows_what_it_measured(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/cards/pocket-teacher.md", tmp_path)
    text = (ROOT / "tests/cards/pocket.md").read_text(encoding="utf-8").partition("## Performance")[0]
    (tmp_path / "pocket.md").write_text(text, encoding="utf-8")
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa", described=tmp_path / "pocket.md", limit=None)
    said = Elements(report.render(run)).text
    scores = store.read_json(run / "evaluation" / "metrics.json")["scores"]
    assert said.count(f"{scores['exact']:.2f}") >= 2
    assert f"HasAns_f1 {scores['HasAns_f1']:.2f} {scores['HasAns_total']} questions, seed 42" in said
    assert "By rule" not in said


def test_a_loss_is_one_number_that_says_of_which_steps_it_is_the_mean(page: str, elements: Elements, run: Path) -> None:
    loss = Run.open(run).stages["prediction_layer"].log.terms["loss"]
    assert f"prediction_layer_loss {loss:.4f} mean over the last epoch, steps 3 to 4, seed 42" in elements.text
    drawn = page.partition("loss, stage prediction_layer")[2]
    assert f">loss {loss:.4f}</text>" in drawn
    assert re.search(r"mean over the\W+(.*>)?last epoch", " ".join(Elements(drawn).text.split()))


def test_questions_are_shown_where_the_data_are_at_hand_and_named_where_not(
    run: Path, elements: Elements, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = next(squad.read_squad(QUESTIONS)).questions[0]
    packed = json.loads(elements.data["rows"])
    assert packed["asked"][0][:3:2] == [question.text, [question.answers[0].text, question.answers[0].start]]
    plain = store.read_json(run / "inputs.json")
    other = shutil.copytree(run, tmp_path / "pocket" / run.name)
    store.write_json(other / "inputs.json", {**plain, "eval_data": {"sha256": "0" * 64}})
    found = Elements(report.render(other))
    assert "asked" not in json.loads(found.data["rows"])
    assert "--eval FILE shows the questions" in found.text
    assert "asked" in json.loads(Elements(report.render(other, QUESTIONS)).data["rows"])
    lacks = tmp_path / "lacks.json"
    store.write_json(lacks, {"data": [{"paragraphs": [{"context": "a", "qas": []}]}]})
    assert main(["report", str(other), "--eval", str(lacks)]) == 2
    assert f"lacks question {question.id}" in capsys.readouterr().err


def test_plots_are_in_the_page_and_share_no_identifier(elements: Elements) -> None:
    assert sum(name == "svg" for name, _ in elements.found) == 4  # claims, two stages and articles
    names = [one["id"] for _, one in elements.found if one.get("id")]
    assert len(names) == len(set(names))
    assert not any(name == "metadata" for name, _ in elements.found)


def test_the_rows_are_those_of_the_record(elements: Elements, run: Path) -> None:
    packed = json.loads(elements.data["rows"])
    rows = [json.loads(line) for line in (run / "evaluation/per_question.jsonl").read_text().splitlines()]
    assert len(packed["rows"]) == N_QUESTIONS
    for row, (name, article, has_answer, said, exact, f1) in zip(rows, packed["rows"], strict=True):
        assert (name, said) == (row["id"], row["prediction"])
        assert packed["articles"][article] == row.get("article", "")
        assert (bool(has_answer), exact, f1) == (row["has_answer"], row["exact"], pytest.approx(row["f1"], abs=1e-4))


def test_the_same_record_gives_the_same_bytes(run: Path, page: str) -> None:
    assert report.render(run) == page


def test_nothing_is_loaded_from_anywhere(page: str, elements: Elements) -> None:
    assert "default-src 'none'" in page
    for name, attributes in elements.found:
        assert name not in ("img", "iframe", "object", "embed", "form", "base", "image")
        for key in ("src", "href", "xlink:href", "action", "srcset"):
            value = attributes.get(key)
            assert value is None or value.startswith("#") or value == "data:,", (name, key, value)
    assert "@import" not in page
    assert set(re.findall(r"url\((?!#)[^)]*\)", page)) == set()


def test_a_series_shows_all_its_seeds(tmp_path: Path) -> None:
    from harness.judge import verdict

    runs = [make_run(tmp_path / "pocket" / f"20261123T10150{n}Z-aaaaaaaa", seed=40 + n) for n in range(2)]
    names = [one.name for one in runs]
    folder = tmp_path / "pocket" / store.series_name(names)
    store.write_text(
        folder / store.SERIES,
        store.series_text(names, verdict.conclude([Run.open(run) for run in runs]), is_sequential=False),
    )
    said = Elements(report.render(folder)).text
    assert "seeds 40 41" in said
    assert "of seed 40, the first of 2" in said
    assert "sd of 2" in said


# --- the command ---


def test_the_report_lies_among_the_plots_and_the_audit_still_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa")
    assert main(["report", str(run)]) == 0
    written = Path(capsys.readouterr().out.strip())
    assert written == run / "plots" / "report.html"
    assert written.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["audit", str(run), "--quiet"]) == 0


def test_json_says_where_the_report_went(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "here.html"
    assert main(["report", str(run), "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["report"], document["n_bytes"]) == (str(out), out.stat().st_size)


def test_a_report_is_not_written_into_the_record(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(run), "--out", str(run / "report.html")]) == 2
    assert "lies in the record" in capsys.readouterr().err
    assert not (run / "report.html").exists()


@pytest.mark.parametrize("lacks", ["verdict.json", "evaluation/per_question.jsonl", "card.md", "environment.json"])
def test_a_record_that_lacks_something_is_an_error_that_names_it(
    lacks: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa")
    (run / lacks).unlink()
    assert main(["report", str(run)]) in (2, 5)
    assert Path(lacks).name in capsys.readouterr().err
    assert not (run / "plots").exists()


@pytest.mark.parametrize("name", ["evaluation/per_question.jsonl", "verdict.json", "experiment.json", "inputs.json"])
@pytest.mark.parametrize("content", ["", "[]", "null", "3\n", '{"run": 3, "judgement": 1, "claims": null}\n'])
def test_a_record_of_any_shape_is_a_report_or_an_error(
    name: str, content: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = run / name, tmp_path / "report.html"
    was = path.read_bytes()
    path.write_text(content, encoding="utf-8")
    try:
        code = main(["report", str(run), "--out", str(out)])
    finally:
        path.write_bytes(was)
    assert (code, out.exists()) in ((0, True), (2, False), (5, False))


def test_a_row_without_its_scores_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa")
    path = run / "evaluation/per_question.jsonl"
    path.write_text(path.read_text().replace('"f1"', '"f2"'))
    assert main(["report", str(run)]) == 5
    assert "audit the run" in capsys.readouterr().err


# --- what others wrote ---


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_escaped_in_elements_attributes_and_data(text: str) -> None:
    data = pages.json_script([text], "rows")
    template = pages.make_environment().from_string('<p title="{{ text }}">{{ text }}</p>{{ data }}')
    made = template.render(text=text, data=data)
    found = Elements(made)
    assert [name for name, _ in found.found] == ["p", "script"]
    assert set(found.found[0][1]) == {"title"}
    assert json.loads(found.data["rows"]) == [text]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", made.replace(data, ""))


def test_no_card_and_no_answer_becomes_markup(hostile_page: str) -> None:
    page, found = hostile_page, Elements(hostile_page)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", page)
    assert [one.get("type") for name, one in found.found if name == "script"] == ["application/json", None, None]
    assert not any(name in ("img", "b>") for name, _ in found.found)
    assert not any(key.startswith("on") for _, one in found.found for key in one)
    assert "<img src=http://outside.example/x onerror=window.hit=2>" in found.text
    assert r"\x1b[31mred\x1b[0m" in found.text
    assert {row[3] for row in json.loads(found.data["rows"])["rows"]} >= {HOSTILE[0], HOSTILE[1]}


SCRIPT = "</script><script>window.hit=5</script>"
_WORDS_OF_OURS = ("severity", "unit", "outcome", "rule", "category", "runs")


def scripted(value: Any, name: str = "") -> Any:
    """The same, with a script in every text that is not one of a few words of ours."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [one.name for one in dataclasses.fields(value) if one.init and one.name not in _WORDS_OF_OURS]
        return dataclasses.replace(value, **{one: scripted(getattr(value, one), one) for one in fields})
    if isinstance(value, str):
        return SCRIPT
    if isinstance(value, (list, tuple)):
        return type(value)(scripted(one, name) for one in value)
    if isinstance(value, dict):
        kept = name in ("rows", "published")
        return {key if kept else f"{key}{SCRIPT}": scripted(one) for key, one in value.items()}
    return value


def test_a_script_in_every_field_is_shown_as_text(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = gather(run)
    monkeypatch.setattr(report, "gather", lambda *_: scripted(plain))
    page = report.render(run)
    found = Elements(page)
    assert [one.get("type") for name, one in found.found if name == "script"] == ["application/json", None, None]
    assert page.count("<script") == page.count("</script") == 3
    assert found.text.count(SCRIPT) > 150  # settings that are alike are one


def test_a_name_that_is_no_text_is_drawn_as_its_code(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa")
    rows = Run.open(run).evaluation.answers
    gathered = dataclasses.replace(
        gather(run), rows=[dataclasses.replace(one, prediction="half \ud800") for one in rows]
    )
    assert questions.packed(gathered)["rows"][0][3] == r"half \ud800"
    edit_rows(run / "evaluation", None, "half \ud800")
    with pytest.raises(StoreError, match=r"per_question\.jsonl: is broken"):
        report.render(run)


def test_a_whole_dev_set_stays_small(whole: str) -> None:
    assert len(whole.encode()) < 6_000_000


# --- in a browser ---


def shown(browser: Browser) -> list[str]:
    return list(browser.run("[...document.querySelectorAll('#questions tr')].map((row) => row.innerText)"))


def press(browser: Browser, filter_: str) -> str:
    return str(browser.run(f"(document.querySelector('[data-filter={filter_}]').click(), {COUNT})"))


def search(browser: Browser, text: str) -> str:
    box = "document.getElementById('search')"
    return str(browser.run(f"({box}.value = {json.dumps(text)}, {box}.dispatchEvent(new Event('input')), {COUNT})"))


COUNT = "document.getElementById('count').textContent"


def test_the_page_opens_without_a_word_and_asks_for_nothing(browser: Browser, page: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    browser.look()
    browser.open(path)
    browser.run("new Promise((done) => setTimeout(done, 200))")
    assert browser.said == []
    assert browser.asked == [path.resolve().as_uri()]


def test_filters_search_and_flips(browser: Browser, tmp_path: Path) -> None:
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa")
    publish(run)
    path = tmp_path / "report.html"
    path.write_text(report.render(run), encoding="utf-8")
    browser.look()
    browser.open(path)
    assert browser.run(COUNT) == f"{N_QUESTIONS} of {N_QUESTIONS} questions"
    assert press(browser, "wrong") == f"2 of {N_QUESTIONS} questions"
    assert len(shown(browser)) == 2
    assert all("nothing of the kind" in row for row in shown(browser))
    assert press(browser, "right") == f"{N_QUESTIONS - 2} of {N_QUESTIONS} questions"
    assert press(browser, "gained") == f"1 of {N_QUESTIONS} questions"
    assert "✗ another" in shown(browser)[0]
    assert press(browser, "lost") == f"1 of {N_QUESTIONS} questions"
    assert "✓ the right one" in shown(browser)[0]
    press(browser, "all")
    assert search(browser, "NOTHING of") == f"2 of {N_QUESTIONS} questions"
    assert search(browser, "no such thing") == f"0 of {N_QUESTIONS} questions"


def test_what_a_line_became_stands_beside_it_and_on_a_phone_below(browser: Browser, page: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    line = "document.querySelector('[data-line=\"63\"]')"
    where = "['code', 'ul'].map((one) => {}.querySelector(one).getBoundingClientRect()).map(({{x, y}}) => [x, y])"
    for width, is_beside in ((1280, True), (390, False)):
        browser.look(width, 800)
        browser.open(path)
        (x, y), (its_x, its_y) = browser.run(where.format(line))
        assert (its_x > x + 100, its_y > y + 10) == (is_beside, not is_beside)
        assert "tolerance.f1" in browser.run(f"{line}.innerText")


def test_a_question_opens_its_passage_with_the_answers_marked(browser: Browser, page: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    browser.look()
    browser.open(path)
    paragraph = next(squad.read_squad(QUESTIONS))
    question = paragraph.questions[0]
    assert shown(browser)[0].startswith(question.text)
    press_it = "(document.querySelector('button.question').click(), document.querySelector('tr.opened')?.innerText)"
    assert browser.run(press_it).startswith(paragraph.context[:60])
    assert browser.run("document.querySelector('mark.gold').textContent") in [one.text for one in question.answers]
    assert browser.run(f"{press_it} ?? null") is None
    assert browser.said == []


def test_no_word_of_the_questions_is_broken(browser: Browser, page: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    browser.look(1000, 800)
    browser.open(path)
    heights = (
        "[...document.querySelectorAll('#questions td:nth-child(n+4) span')].map((one) => one.getClientRects().length)"
    )
    assert set(browser.run(heights)) == {1}


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_is_the_systems_until_it_is_switched(
    system: str, browser: Browser, page: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    browser.look(theme=system)
    browser.open(path)
    ground = "getComputedStyle(document.body).backgroundColor"
    colours = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}
    other = "dark" if system == "light" else "light"
    assert browser.run(ground) == colours[system]
    assert browser.run(f"(document.getElementById('theme').click(), {ground})") == colours[other]
    assert browser.run(f"(document.getElementById('theme').click(), {ground})") == colours[system]
    browser.run("localStorage.clear()")
    browser.look(theme="dark", media="print")
    assert browser.run(ground) == colours["light"]


def test_a_phone_scrolls_down_alone(browser: Browser, hostile_page: str, page: str, tmp_path: Path) -> None:
    for n, html in enumerate((page, hostile_page)):
        path = tmp_path / f"{n}.html"
        path.write_text(html, encoding="utf-8")
        browser.look(360, 740)
        browser.open(path)
        assert browser.run("document.documentElement.scrollWidth") == 360
        assert browser.run("document.body.scrollWidth") == 360


def test_a_hostile_run_runs_nothing(browser: Browser, hostile_page: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(hostile_page, encoding="utf-8")
    browser.look()
    browser.open(path)
    browser.run("new Promise((done) => setTimeout(done, 200))")
    assert browser.run("window.hit ?? null") is None
    assert browser.said == []
    assert browser.asked == [path.resolve().as_uri()]
    assert any(HOSTILE[0] in row for row in shown(browser))
    browser.run("document.querySelectorAll('button.question').forEach((one) => one.click())")
    browser.run("new Promise((done) => setTimeout(done, 50))")
    assert sum(HOSTILE[0] in row for row in shown(browser)) > len(HOSTILE)
    assert browser.run("window.hit ?? null") is None
    assert browser.said == []


def test_what_the_page_forbids_is_not_run(browser: Browser, page: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    planted = "<script>window.hit=1</script><img src=https://outside.example/x.png onerror=window.hit=1>"
    path.write_text(page.replace("<main>", f"<main>{planted}"), encoding="utf-8")
    browser.open(path)
    browser.run("new Promise((done) => setTimeout(done, 200))")
    assert browser.run("window.hit ?? null") is None
    assert "Content Security Policy" in " ".join(browser.said)


def test_a_whole_dev_set_is_filtered_and_turned_page_by_page(browser: Browser, whole: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(whole, encoding="utf-8")
    browser.look()
    browser.open(path)
    assert press(browser, "right").endswith("of 11,873 questions")
    search(browser, "as they are 3")
    assert len(shown(browser)) == 50
    browser.run("document.getElementById('later').click()")
    assert browser.run("document.getElementById('place').textContent").startswith("page 2 of ")
