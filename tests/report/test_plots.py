"""Plots: what is on them, that it can be read, that the same input gives the same bytes, and bad input."""

import functools
import itertools
import json
import math
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.card.read import read_card
from harness.cli.main import main
from harness.domain import Claim, Measurement
from harness.errors import DataError, StoreError
from harness.judge import conditions
from harness.judge import verdict as conclusion
from harness.judge.rules import judge
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Judgement
from harness.report.plots import articles, claims, layout, losses
from harness.report.plots.articles import Answer, ArticleScore
from harness.report.plots.losses import StageCurve
from harness.report.plots.read_run import read_run
from harness.report.verdict_rows import outcome_text

POCKET = Path(__file__).parents[1] / "cards" / "pocket.md"
SIGNATURE = "squad2|n:1000|data:00000000|protocol:haystack"
CLAIMS = (
    Claim("exact", 71.877, "points", 3, "71.877", 1, "toy"),
    Claim("f1", 76.361, "points", 3, "76.361", 2, "toy"),
    Claim("prediction_layer_loss", 0.1247, "loss", 4, "0.1247", 3, "toy"),
)
TOLERANCES = {"exact": 1.0, "f1": 1.0, "prediction_layer_loss": 0.01}


def judged(seeds: Sequence[int], *, f1: float = 76.0) -> tuple[Judgement, list[Measurement]]:
    draw = random.Random(7)
    measured = [
        Measurement(metric, value + draw.gauss(0, 0.3), "points", 1000, seed, SIGNATURE)
        for seed in seeds
        for metric, value in (("exact", 71.6), ("f1", f1))
    ]
    return judge(CLAIMS, measured, TOLERANCES), measured


def curve(n_steps: int, *, n_layers: int = 2, **terms: Sequence[float]) -> StageCurve:
    """A loss that falls over two decades, with terms of the same shape for each layer."""
    falling = tuple(10 * math.exp(-5 * step / n_steps) * (1.1 + math.sin(step) / 10) for step in range(n_steps))
    layers = {f"{term}_{n}": tuple(v / (n + 2) for v in falling) for term in ("a", "b") for n in range(n_layers)}
    made = {"loss": falling, "a": tuple(v / 3 for v in falling), **layers, "grad_norm": falling, **terms}
    return StageCurve(
        stage="prediction_layer",
        steps=tuple(range(1, n_steps + 1)),
        learning_rate=tuple(3e-5 * (1 - step / n_steps) for step in range(n_steps)),
        terms={name: tuple(values) for name, values in made.items()},
    )


def answers(n_articles: int, n_questions: int = 20, name: str = "Article_{}") -> list[Answer]:
    draw = random.Random(3)
    shares = [draw.uniform(0.2, 1) for _ in range(n_articles)]
    return [
        Answer(name.format(number), exact, max(exact, 0.25))
        for number, share in enumerate(shares)
        for exact in (float(draw.random() < share) for _ in range(n_questions))
    ]


PAGES = {
    "one seed": lambda: claims.plot(*judged([42]), "Toy, seed 42."),
    "three seeds": lambda: claims.plot(*judged([42, 43, 44]), "Toy.", {"exact": 73.82, "f1": 77.17}),
    "twenty seeds": lambda: claims.plot(*judged(range(20)), "Toy."),
    "eight seeds far from the claim": lambda: claims.plot(*judged(range(8), f1=50.07), "Toy."),
    "short stage": lambda: losses.plot(curve(40), "Toy, seed 42."),
    "long stage of twelve layers": lambda: losses.plot(curve(20_000, n_layers=13), "Toy, seed 42."),
    "one step": lambda: losses.plot(curve(1), "Toy, seed 42."),
    "one article": lambda: articles.plot(answers(1), f"Toy, scored as {SIGNATURE * 4}."),
    "forty articles": lambda: articles.plot(answers(40, name="Article_of_a_name_that_is_far_too_long_{}"), "Toy."),
    "hundred articles": lambda: articles.plot(answers(100), "Toy."),
}
every_page = pytest.mark.parametrize("name", PAGES)


@functools.cache
def page_of(name: str) -> layout.Page:
    return PAGES[name]()


def svg(page: layout.Page) -> str:
    return page.files["svg"].decode()


def texts(page: layout.Page) -> list[Any]:
    """Every text that is shown, laid out for the PNG; ticks beyond the ends of an axis are not shown."""
    from matplotlib.text import Text

    page.figure.draw_without_rendering()
    shown = [text for text in page.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    hidden = {
        text
        for axes in page.figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.majorTicks, *axis.minorTicks)
        for text, is_on in ((tick.label1, tick.label1.get_visible()), (tick.label2, tick.label2.get_visible()))
        if not is_on or not inside(tick.get_loc(), axis.get_view_interval())
    }
    return [text for text in shown if text not in hidden]


def inside(value: float, limits: Sequence[float]) -> bool:
    air = 1e-9 * abs(limits[1] - limits[0])
    return min(limits) - air <= value <= max(limits) + air


# --- what can be said of every page ---


@every_page
def test_the_same_data_gives_the_same_bytes(name: str) -> None:
    import matplotlib

    first = page_of(name).files
    with matplotlib.rc_context({"font.size": 20, "svg.fonttype": "path", "axes.facecolor": "red"}):
        assert PAGES[name]().files == first
        assert matplotlib.rcParams["font.size"] == 20


@every_page
def test_files_are_a_png_and_an_svg_without_a_date(name: str) -> None:
    page = page_of(name)
    assert page.files["png"].startswith(b"\x89PNG\r\n")
    assert svg(page).startswith("<?xml")
    assert "dc:date" not in svg(page)
    assert int.from_bytes(page.files["png"][16:20], "big") == layout.WIDTH * layout.DPI


@every_page
def test_no_text_is_cut_off_small_or_on_another(name: str) -> None:
    page = page_of(name)
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(page)]
    assert min(text.get_size() for text in texts(page)) >= 8
    for text, box in boxes:
        assert page.figure.bbox.x0 <= box.x0 < box.x1 <= page.figure.bbox.x1, text
        assert page.figure.bbox.y0 <= box.y0 < box.y1 <= page.figure.bbox.y1, text
    meeting = [(a, b) for (a, one), (b, other) in itertools.combinations(boxes, 2) if one.padded(-2).overlaps(other)]
    assert meeting == []


@every_page
def test_no_data_lies_outside_its_axes(name: str) -> None:
    for axes in page_of(name).figure.axes:
        lines = [line for line in axes.lines if line.get_transform() == axes.transData]
        for line in lines:
            assert all(inside(x, axes.get_xlim()) for x in line.get_xdata() if math.isfinite(x))
            assert all(inside(y, axes.get_ylim()) for y in line.get_ydata() if math.isfinite(y))
        for shade in axes.collections:
            box = shade.get_datalim(axes.transData)
            assert inside(box.y0, axes.get_ylim())
            assert inside(box.y1, axes.get_ylim())


@every_page
def test_the_caption_is_on_the_page_in_the_svg_text(name: str) -> None:
    page = page_of(name)
    first = page.caption.split()[0]
    assert f">{first}" in svg(page)
    assert any(text.get_text().startswith(first) for text in texts(page))


# --- claims ---


@pytest.mark.parametrize("seeds", [[42], [42, 43, 44], range(20)], ids=["one seed", "three", "twenty"])
def test_every_claimed_metric_is_named_with_its_numbers_and_its_outcome(seeds: Sequence[int]) -> None:
    judgement, measured = judged(seeds)
    text = svg(claims.plot(judgement, measured, "Toy."))
    for verdict in judgement.verdicts:
        assert f">{verdict.metric}</text>" in text
        assert outcome_text(verdict.outcome) in text
    assert "claim 71.88 ± 1.00 · mean" in text
    assert "claim 0.1247 ± 0.0100 · unmeasured" in text


def test_each_seed_has_a_marker_and_a_label_of_its_own() -> None:
    page = claims.plot(*judged([42, 43, 44]), "Toy.")
    for axes, n_marked in zip(page.figure.axes, (3, 3, 0), strict=True):
        labels = [text.get_text() for text in axes.texts if not text.get_text().startswith("claim ")]
        assert labels == [f"seed {seed}" for seed in (42, 43, 44)][:n_marked]
        assert len({line.get_marker() for line in axes.lines if line.get_marker() in "osD^"}) >= n_marked


def test_a_point_has_one_length_on_the_page() -> None:
    exact, f1, loss = claims.plot(*judged([42, 43], f1=60.0), "Toy.").figure.axes
    spans = [axes.get_xlim()[1] - axes.get_xlim()[0] for axes in (exact, f1, loss)]
    assert spans[0] == pytest.approx(spans[1])
    assert spans[2] < 0.1


def test_the_interval_is_the_judgements_and_says_what_it_rests_on() -> None:
    judgement, measured = judged([42, 43, 44])
    page = claims.plot(judgement, measured, "Toy.")
    low, high = (71.877 + end for end in judgement.estimates[0].interval)
    assert f"[{low:.2f}, {high:.2f}]" in svg(page)
    assert "90% interval of the mean: Student t, n=3 seeds" in page.caption
    assert "(prior 0.5)" in page.caption


def test_where_nothing_tells_the_spread_no_interval_is_drawn() -> None:
    measured = [Measurement("prediction_layer_loss", 0.12, "loss", 760, 42, "train_loss")]
    page = claims.plot(judge(CLAIMS[2:], measured, TOLERANCES), measured, "Toy.")
    assert "mean 0.1200 (no interval), -0.0047 from the claim" in svg(page)
    assert "No interval for prediction_layer_loss" in page.caption


def test_published_weights_are_drawn_where_they_were_scored() -> None:
    judgement, measured = judged([42])
    assert "published weights" in svg(claims.plot(judgement, measured, "Toy.", {"exact": 73.82}))
    assert "published weights" not in svg(claims.plot(judgement, measured, "Toy."))


@pytest.mark.parametrize("n_seeds", [1, 4])
def test_nothing_of_the_claims_is_drawn_beyond_a_hundred_points(n_seeds: int) -> None:
    near = (Claim("exact", 97.5, "points", 1, "97.5", 1, "toy"), Claim("f1", 99.0, "points", 1, "99.0", 2, "toy"))
    measured = [
        Measurement(name, 99.5 - seed / 10, "points", 240, seed, SIGNATURE)
        for seed in range(n_seeds)
        for name in ("exact", "f1")
    ]
    page = claims.plot(judge(near, measured, {"exact": 8.0, "f1": 8.0}), measured, "Toy.", width=layout.NARROW)
    limits = [axes.get_xlim() for axes in page.figure.axes]
    assert [high for _, high in limits] == [100.0, 100.0]
    assert len({round(high - low, 6) for low, high in limits}) == 1


# --- losses ---


def test_a_short_run_is_kept_step_by_step() -> None:
    thinned = losses.thin([1, 2, 3], [3.0, 1.0, 2.0])
    assert thinned.steps == (1, 2, 3)
    assert thinned.low == thinned.mean == thinned.high == (3.0, 1.0, 2.0)


def test_bins_keep_minimum_mean_and_maximum_and_the_last_may_be_short() -> None:
    thinned = losses.thin([1, 2, 3, 4, 5], [3.0, 1.0, 2.0, 8.0, 5.0], max_bins=3)
    assert thinned == losses.Thinned((1.5, 3.5, 5.0), (1.0, 2.0, 5.0), (2.0, 5.0, 5.0), (3.0, 8.0, 5.0))


def test_a_long_run_is_thinned_and_says_so() -> None:
    page = losses.plot(curve(100_000), "Toy.")
    n_points = [len(line.get_xdata()) for axes in page.figure.axes for line in axes.lines]
    assert max(n_points) <= losses.MAX_BINS
    assert len(page.files["svg"]) < 1_000_000
    assert "n=100,000 steps" in page.caption
    assert "Thinned to 250 bins of 400 steps" in page.caption


def test_a_spike_of_one_step_is_in_the_shade_of_a_long_run() -> None:
    spiky = curve(10_000, loss=[1.0] * 5_000 + [50.0] + [1.0] * 4_999)
    assert losses.plot(spiky, "Toy.").figure.axes[0].get_ylim()[1] > 50


@pytest.mark.parametrize(("values", "scale"), [((0.1, 5.0), "log"), ((1.0, 5.0), "linear"), ((0.0, 5.0), "linear")])
def test_the_axis_is_logarithmic_over_a_decade_above_zero(values: tuple[float, ...], scale: str) -> None:
    page = losses.plot(StageCurve("s", (1, 2), (0.0, 0.0), {"loss": values}), "Toy.")
    assert page.figure.axes[0].get_yscale() == scale
    assert ("log axis" in svg(page)) == (scale == "log")


def test_terms_by_layer_have_a_panel_each_and_gradient_norms_none() -> None:
    panels, left_out = losses.panels_of(curve(3))
    assert panels == {"loss": ["loss", "a"], "a by layer": ["a_0", "a_1"], "b by layer": ["b_0", "b_1"]}
    assert left_out == ["grad_norm"]
    assert "Not drawn: grad_norm." in losses.plot(curve(3), "Toy.").caption


def test_of_very_many_layers_some_are_drawn_and_the_rest_are_named() -> None:
    page = losses.plot(curve(3, n_layers=25), "Toy.")
    assert "Not drawn: grad_norm, a_1, a_3," in page.caption
    assert ">a_24 " in svg(page)


def test_curves_of_one_panel_differ_without_their_colours() -> None:
    looks = [losses._look(number)[1:] for number in range(losses.MAX_LINES)]
    assert len(set(looks)) == losses.MAX_LINES


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_marked_and_named(broken: float) -> None:
    page = losses.plot(curve(4, loss=[3.0, broken, 2.0, 1.0]), "Toy.")
    crosses = [line for line in page.figure.axes[0].lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[2]]
    assert "Not finite (x): loss at step 2." in page.caption


def test_a_stage_of_nothing_finite_is_still_a_page() -> None:
    page = losses.plot(StageCurve("s", (1, 2), (0.0, 0.0), {"loss": (math.nan, math.nan)}), "Toy.")
    assert "Not finite (x): loss at step 1, loss at step 2." in page.caption


def test_labels_are_spread_out_in_order_and_inside() -> None:
    assert losses.spread_out([0.2, 0.8], 0.1) == [0.2, 0.8]
    spread = losses.spread_out([0.0, 0.0, 0.01, 0.5, 0.99, 1.0], 0.1)
    assert spread == sorted(spread)
    assert all(b - a >= 0.1 - 1e-9 for a, b in itertools.pairwise(spread))
    assert spread[0] >= 0.05 - 1e-9
    assert spread[-1] <= 0.95 + 1e-9


def test_a_stage_has_one_number_the_mean_over_its_last_epoch() -> None:
    made = StageCurve("s", (1, 2, 3, 4), (0.0,) * 4, {"loss": (9.0, 8.0, 3.0, 1.0)}, n_epochs=2, last_epoch=(3, 4))
    page = losses.plot(made, "Toy.")
    assert made.final("loss") == 2.0
    assert ">loss 2.0000</text>" in svg(page)
    assert "mean over the last epoch, steps 3 to 4" in page.caption


# --- articles ---


def test_articles_are_sorted_by_exact_then_f1_then_name() -> None:
    rows = [Answer("b", 1, 1), Answer("a", 1, 1), Answer("c", 0, 0.5), Answer("d", 0, 0.75)]
    assert articles.score_articles(rows) == [
        ArticleScore("a", 1, 100, 100),
        ArticleScore("b", 1, 100, 100),
        ArticleScore("d", 1, 0, 75),
        ArticleScore("c", 1, 0, 50),
    ]


# Wilson's interval as R 4's binom.confint(8, 10, methods = "wilson") and the textbook's ends at none and all of 10.
@pytest.mark.parametrize(("n_right", "ends"), [(8, (0.4902, 0.9433)), (0, (0, 0.2775)), (10, (0.7225, 1))])
def test_wilsons_interval_is_the_textbooks(n_right: int, ends: tuple[float, float]) -> None:
    assert articles.wilson(n_right, 10) == pytest.approx(ends, abs=5e-5)


def test_more_than_forty_articles_are_summarised_without_losing_a_question() -> None:
    scores = articles.score_articles(answers(100, n_questions=7))
    rows = articles.rows_of(scores)
    assert len(rows) == articles.MAX_ROWS
    assert rows[20].name == "61 articles between"
    assert sum(row.n for row in rows) == 700
    assert math.fsum(row.exact * row.n for row in rows) == pytest.approx(math.fsum(s.exact * s.n for s in scores))
    assert rows[:20] + rows[21:] == scores[:20] + scores[-19:]


def test_a_title_of_dollars_or_another_script_is_a_title() -> None:
    page = articles.plot([Answer("$x$ & <大阪>", 1, 1)], "Toy.")
    assert "$x$ &amp; &lt;大阪&gt;" in svg(page)


# --- run folders and the command ---


def make_run(results: Path, *, seed: int = 42, tolerance: float = 3.0, is_finished: bool = True) -> Path:
    """A record of the pocket card as a run would leave it, with made-up numbers."""
    tolerances = {"exact": tolerance}
    experiment = plan(read_card(POCKET), Options(seed=seed, tolerance=tolerances))
    run = results / "pocket" / f"run-{seed}"
    store.write_json(run / "experiment.json", experiment)
    data = {"eval_data": {"sha256": "0" * 64}, "train_data": {"sha256": "0" * 64}, "student": {}}
    store.write_json(run / "inputs.json", data)
    rule = conditions.rule_hash(experiment)
    store.write_json(run / "identity.json", {"schema_version": store.SCHEMA_VERSION, "identity": "0", "rule": rule})
    for stage in experiment.stages:
        steps = [
            {"step": n, "epoch": 0, "learning_rate": 0.1 / n, "loss": 2.0 / n, "grad_norm": 1.0} for n in range(1, 6)
        ]
        write_steps(run, stage.name, steps)
        store.write_json(
            run / "stages" / stage.name / "stage.json",
            {"log": {"n_steps": 5, "terms": {"loss": 0.15}}, "dropped": [], "seconds": 1.0, "weights": {}},
        )
    if is_finished:
        write_answers(run, [{"article": f"Article_{n % 3}", "paragraph": n} for n in range(240)], seed)
        store.write_verdict(run, conclusion.conclude([Run.open(run)]))
    return run


def write_steps(run: Path, stage: str, steps: Sequence[Any]) -> None:
    lines = [f"{json.dumps(step)}\n" for step in steps]
    store.write_lines(run / "stages" / stage / "train.jsonl", lines)


UNSCORED = {"token_exact": None, "token_f1": None, "span_over_null": None}  # what only the weights could say


def write_answers(run: Path, places: Sequence[dict[str, Any]], seed: int = 42) -> None:
    rows = [
        {
            "id": str(n),
            "has_answer": n % 2 == 0,
            "prediction": "",
            "exact": int(n % 20 != seed % 20),
            "f1": 1.0,
            **UNSCORED,
            **place,
        }
        for n, place in enumerate(places)
    ]
    parts = {"": rows, "HasAns_": rows[::2], "NoAns_": rows[1::2]}
    rows = [{**row, "f1": float(row["exact"])} for row in rows]
    scores: dict[str, Any] = {}
    for name, part in parts.items():
        exact = 100 * math.fsum(row["exact"] for row in part) / len(part)
        scores |= {f"{name}exact": exact, f"{name}f1": exact, f"{name}total": len(part)}
    scores["total"] = scores.pop("total")
    token = {"signature": "toy", "scores": {"total": 0}, "dropped": []}
    store.write_lines(run / "evaluation" / "per_question.jsonl", [f"{json.dumps(row)}\n" for row in rows])
    metrics = {"signature": SIGNATURE, "scores": scores, "token_index": token}
    store.write_json(run / "evaluation" / "metrics.json", metrics)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


ALL = ["articles", "claims", "loss-intermediate_layer", "loss-prediction_layer"]


def test_a_finished_run_is_drawn_into_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path)
    assert main(["plot", str(run)]) == 0
    assert names(run / "plots") == [f"{name}.{kind}" for name in ALL for kind in ("png", "svg")]
    assert "not plotted" not in capsys.readouterr().out
    text = (run / "plots" / "claims.svg").read_text(encoding="utf-8")
    for metric in ("exact", "f1", "intermediate_layer_loss", "prediction_layer_loss"):
        assert f">{metric}</text>" in text


def test_a_second_run_of_the_command_changes_no_byte(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    code = "import sys; from harness.cli.main import main; sys.exit(main(sys.argv[1:]))"
    for out in ("a", "b"):
        subprocess.run([sys.executable, "-c", code, "plot", str(run), "--out", str(tmp_path / out)], check=True)
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_seeds_of_one_card_share_a_page_of_claims(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(make_run(tmp_path, seed=seed)) for seed in (42, 43, 44)]
    assert main(["plot", *runs, "--out", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["left_out"] == []
    assert sorted(Path(path).name for path in document["plots"]) == names(tmp_path / "out")
    assert "articles-run-43.svg" in names(tmp_path / "out")
    text = (tmp_path / "out" / "claims-of-3-runs.svg").read_text(encoding="utf-8")
    for seed in (42, 43, 44):
        assert f">seed {seed}</text>" in text


def test_a_series_of_seeds_is_drawn_as_its_runs(tmp_path: Path) -> None:
    runs = [make_run(tmp_path, seed=seed) for seed in (42, 43)]
    series = runs[0].parent / "series-0"
    concluded = conclusion.conclude([Run.open(run) for run in runs])
    text = store.series_text([run.name for run in runs], concluded, is_sequential=False)
    store.write_text(series / store.SERIES, text)
    assert main(["plot", str(series)]) == 0
    assert "claims-of-2-runs.png" in names(series / "plots")


def test_an_unfinished_run_is_drawn_as_far_as_it_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path, is_finished=False)
    (run / "stages" / "prediction_layer" / "train.jsonl").unlink()
    assert main(["plot", str(run)]) == 0
    assert names(run / "plots") == ["loss-intermediate_layer.png", "loss-intermediate_layer.svg"]
    out = capsys.readouterr().out
    assert "claims of run-42: no verdict.json, it is not finished" in out
    assert "prediction_layer of run-42: no stages/prediction_layer/train.jsonl, the stage has not run" in out
    assert "by article of run-42: no evaluation/per_question.jsonl, the evaluation has not run" in out


def test_an_unfinished_seed_is_left_out_of_the_claims_alone(tmp_path: Path) -> None:
    runs = [make_run(tmp_path, seed=42), make_run(tmp_path, seed=43, is_finished=False)]
    assert main(["plot", *map(str, runs), "--out", str(tmp_path / "out")]) == 0
    assert {"claims-of-1-run.svg", "loss-prediction_layer-run-43.svg"} <= set(names(tmp_path / "out"))


def test_steps_that_are_broken_are_named_and_the_rest_is_drawn(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run / "stages" / "prediction_layer" / "train.jsonl").write_text(
        '{"step": 1, "loss": 2.0}\n{"step": 1, "loss": NaN}\n[]\n{"step": 2, "los', encoding="utf-8"
    )
    write_steps(run, "intermediate_layer", [])
    recorded = read_run(Run.open(run))
    assert [stage.steps for stage in recorded.stages] == [(1,)]
    assert math.isnan(recorded.stages[0].terms["loss"][0])
    assert recorded.left_out == (
        "loss of stage intermediate_layer of run-42: train.jsonl has no steps",
        "loss of stage prediction_layer of run-42, line 2: step 1 again; the later one is drawn",
        "loss of stage prediction_layer of run-42, line 3: is no step; the rest is drawn",
        "loss of stage prediction_layer of run-42, line 4: is no step; the rest is drawn",
    )
    assert main(["plot", str(run)]) == 0


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ({}, "question 1 of per_question.jsonl has no article"),
        ({"article": ""}, "question 1 of per_question.jsonl has no article"),
        ({"article": "a", "exact": None}, "0.exact: Input should be a valid integer"),
        ({"article": "a", "exact": math.nan}, "0.exact: Input should be a valid integer"),
        ({"article": "a", "exact": 50}, "question 1 of per_question.jsonl has no exact and f1 between 0 and 1"),
    ],
)
def test_answers_without_what_the_plot_needs_leave_it_out(tmp_path: Path, place: dict[str, Any], what: str) -> None:
    run = make_run(tmp_path)
    row = {"id": "0", "has_answer": True, "prediction": "", "exact": 1, "f1": 1.0, **UNSCORED, **place}
    store.write_lines(run / "evaluation" / "per_question.jsonl", [json.dumps(row) + "\n"])
    recorded = read_run(Run.open(run))
    assert recorded.answers == ()
    (left_out,) = recorded.left_out
    assert left_out.startswith("accuracy by article of run-42: ")
    assert "per_question.jsonl" in left_out
    assert what in left_out


def test_a_verdict_of_another_version_is_named_and_the_rest_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path)
    store.write_json(run / "verdict.json", {"schema_version": 0})
    assert main(["plot", str(run)]) == 0
    assert "not plotted: claims: " in capsys.readouterr().out
    assert "claims.svg" not in names(run / "plots")


def test_a_run_of_nothing_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path, is_finished=False)
    for stage in ("intermediate_layer", "prediction_layer"):
        write_steps(run, stage, [])
    assert main(["plot", str(run)]) == 2
    assert "nothing to plot: claims of run-42" in capsys.readouterr().err
    assert not (run / "plots").exists()


def test_a_folder_that_is_no_run_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"harness: {tmp_path}: is no run folder; give one, as results/<card>/<run-id>\n"


def test_runs_that_have_no_common_mean_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = make_run(tmp_path), make_run(tmp_path, seed=43, tolerance=1.0)
    assert main(["plot", str(one), str(one)]) == 2
    assert "is given twice" in capsys.readouterr().err
    assert main(["plot", str(one), str(other)]) == 2
    assert "tolerance.exact is 1.0 here, 3.0 in" in capsys.readouterr().err
    changed = {**store.read_json(other / "experiment.json"), "card_sha256": "0" * 64}
    store.write_json(other / "experiment.json", changed)
    assert main(["plot", str(one), str(other)]) == 2
    assert "is a run of another card" in capsys.readouterr().err
    assert not (one / "plots").exists()


def test_what_stands_in_the_way_of_a_plot_is_a_store_error_and_leaves_no_part(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    (tmp_path / "claims.png").mkdir()
    with pytest.raises(StoreError, match=r"claims\.png: cannot be written .* --out DIR"):
        layout.write_page(tmp_path, "claims", layout.Page("a title", "a caption", Figure(), {"png": b"x"}))
    assert names(tmp_path) == ["claims.png"]


def test_a_run_without_a_seed_or_of_another_version_is_a_store_error(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    plain = store.read_json(run / "experiment.json")
    kept = [one for one in plain["run"]["settings"] if one["name"] != "seed"]
    store.write_json(run / "experiment.json", {**plain, "run": {**plain["run"], "settings": kept}})
    with pytest.raises(StoreError, match="names no seed"):
        read_run(Run.open(run))
    store.write_json(run / "experiment.json", {"name": "pocket"})
    with pytest.raises(StoreError, match="another version"):
        read_run(Run.open(run))


def test_a_run_folder_that_is_missing_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no run folder"):
        read_run(Run.open(tmp_path / "nowhere"))


def test_nothing_that_is_imported_at_the_start_loads_matplotlib_or_jinja2() -> None:
    code = "import harness.cli.main, sys; from harness.report.plots import articles, claims, losses\n"
    code += "sys.exit(bool({'matplotlib', 'jinja2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
