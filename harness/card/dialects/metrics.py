"""What metrics are called, and numbers that are claimed: value, unit, digits and spread as printed."""

import functools
import math
import re
from collections.abc import Mapping
from decimal import Decimal

from harness.card import loss_traces
from harness.card.dialects import translations
from harness.card.dialects.names import is_setting
from harness.card.dialects.values import without_breaks, without_latex
from harness.domain import Claim, Unit, Unread

# The official names of SQuAD's scorer and our own losses; only these are measured here.
_EXACT_NAMES: Mapping[str, tuple[str, Unit]] = {
    "exact": ("exact", "points"), "exact_match": ("exact", "points"), "em": ("exact", "points"),
    "f1": ("f1", "points"), "f1_score": ("f1", "points"), "f_1": ("f1", "points"),
    "hasans_exact": ("HasAns_exact", "points"), "hasans_exact_match": ("HasAns_exact", "points"),
    "noans_exact_match": ("NoAns_exact", "points"), "hasans_em": ("HasAns_exact", "points"),
    "hasans_f1": ("HasAns_f1", "points"), "noans_exact": ("NoAns_exact", "points"),
    "noans_f1": ("NoAns_f1", "points"), "noans_em": ("NoAns_exact", "points"), "noans": ("NoAns_exact", "points"),
    "best_exact": ("best_exact", "points"), "best_f1": ("best_f1", "points"),
    "best_metric": ("best_metric", "other"),
    "best_exact_thresh": ("best_exact_thresh", "other"), "best_f1_thresh": ("best_f1_thresh", "other"),
    **dict.fromkeys(translations.EXACT, ("exact", "points")), **dict.fromkeys(translations.F1, ("f1", "points")),
    **dict.fromkeys(translations.ACCURACY, ("accuracy", "points")),
    "intermediate_layer_loss": ("intermediate_layer_loss", "loss"),
    "prediction_layer_loss": ("prediction_layer_loss", "loss"), "finetune_loss": ("finetune_loss", "loss"),
}  # fmt: skip
_BOUNDED = frozenset(
    "accuracy acc precision recall f1 f1score f1-score f-1 f-score fscore f2 f0.5 em exact "
    "match_accuracy specificity sensitivity "
    "auc roc_auc auroc aupr map mrr ndcg hits iou miou dice mAP jaccard map@10 ap uas las top1 top5 top-1 top-5 "
    "accuracy@1 reciprocal".lower().split()
)
_OTHER = frozenset(
    [
        "bleu",
        "sacrebleu",
        "rouge",
        "rouge1",
        "rouge2",
        "rougel",
        "rougelsum",
        "rouge-1",
        "rouge-2",
        "rouge-l",
        "rouge-lsum",
        "chr",
        "chrf",
        "chrf2",
        "chrf++",
        "meteor",
        "ter",
        "wer",
        "cer",
        "ppl",
        "perplexity",
        "pearson",
        "spearman",
        "pearsonr",
        "spearmanr",
        "kendall",
        "mcc",
        "matthews",
        "correlation",
        "matthews_correlation",
        "mse",
        "mae",
        "rmse",
        "r2",
        "bertscore",
        "gleu",
        "mos",
        "rtf",
        "reward",
        "mean_reward",
        "kappa",
        "lb",  # a leader board's
        "si-snr",
        "sdr",
        "pesq",
        "stoi",
        "snr",
        "psnr",
        "ssim",
        "fid",
        "mcd",
        "eer",
        "si-sdr",
        "si_snr",
        "sar",
        "sir",
    ]
)
_WORDS = _BOUNDED | _OTHER | {"loss"}
_COUNTS = {"total", "hasans_total", "noans_total", "samples", "eval_samples", "correct", "similar", "incorrect"}
_NO_QUALITY = {"std", "stdev", "deviation", "variance", "weight", "threshold", "runtime", "time", "imp", "number"}
_PREFIX = re.compile(r"^(?:eval|evaluation|test|valid|validation|val|dev|predict|train|best)_(?=.)")
_SYNONYM = re.compile(r"_?\((?:em|f1|exact|f1_score|[^()\x00-\x7f]{1,12})\)$")  # in words of another script, too
_SPLIT_WORD = re.compile(r"[\s_/()\[\]:,]+")
_AT = re.compile(r"@\d{1,4}$")
_NOT_WORD = re.compile(r"[\s_\-]+")
_MARKS = str.maketrans("", "", "*`~")

# The whole value must be a number, a count in brackets behind it aside: the first digits of "8534/11873" are no claim.
_NUMBER = re.compile(
    r"^(?P<raw>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|[+-]?\.\d+|[+-]?(?:0,\d+|\d{1,3},(?:\d{1,2}|\d{4,}))(?!\d))"
    r"\s*(?P<percent>%?)\s*"
    r"(?:\(?\s*(?:±|\+/-|\+-|\\pm)\s*(?P<spread>\d+(?:\.\d+)?)\s*%?\s*\)?)?\s*(?:\([^()]{1,60}\))?\s*[,;]?$"
)
_GROUPED = re.compile(r"^\d{1,3}(?:,\d{3})+$")
# What stands where a score should and is not one number, with the reason that it is none.
_UNREADABLE = (
    (re.compile(r"^[+-]?(?:nan|inf|infinity)$", re.IGNORECASE), "is no number"),
    (re.compile(r"^[+-]?\d[\d.]*[eE][+-]?\d+$"), "is too large to be a number"),
    (re.compile(r"^(?:[<>≤≥]|&[lg]t;)=?\s*\d[\d.,]*\s?%?$"), "is a bound, not the number itself"),
    (re.compile(r"^\d[\d.,]*\s?%?\s*(?:-|–|—|to|\.\.)\s*\d[\d.,]*\s?%?$"), "is a range"),
    (re.compile(r"^\d+\s*(?:/|of|out of)\s*\d+$"), "is a count of a count: state the share as a number"),
    (re.compile(r"^\d{1,3}(?:,\d{3})+(?:\.\d+)?\s?%?$"), "may have a decimal comma, or commas between thousands"),
    (re.compile(r"^[+-]?\d[\d.,;/+ ]{0,40}%?$"), "is not one number"),
)


@functools.lru_cache(maxsize=4096)
def plain_metric(key: str) -> str:
    text = key.replace("\\_", "_").replace("\\", "").translate(_MARKS).strip().strip("\"'_: #")
    return _NOT_WORD.sub("_", text.lower()).strip("_")


@functools.lru_cache(maxsize=4096)
def metric_of(key: str) -> tuple[str, Unit] | None:
    """Metric and unit of a printed key, None when it names no metric we know."""
    if len(key) > 80:
        return None
    plain = plain_metric(key)
    stem = _PREFIX.sub("", plain)
    for name in (plain, stem, _SYNONYM.sub("", plain)):  # `Exact Match (EM)`
        if name in _EXACT_NAMES and not (name == stem != plain and plain.startswith(("best_", "train_"))):
            return _EXACT_NAMES[name]
    if loss_traces.point_of(plain) is not None:
        return plain, "loss"
    if plain in _COUNTS or stem in ("samples", "total"):
        return plain, "count"
    words = [_AT.sub("", word) for word in _SPLIT_WORD.split(plain) if word]
    # "F1 (macro)", "Accuracy Score", "validation loss" and "top_3_recall" name one; a sentence does not.
    found = next((word for word in reversed(words) if word in _WORDS), None)
    if found is None or len(words) > 6 or _NO_QUALITY & set(words) or (found == "loss" and words[-1] != "loss"):
        return None
    return plain, "loss" if found == "loss" else "points" if found in _BOUNDED else "other"


def is_metric(key: str) -> bool:
    """True for a key that names a quality: no count, no setting in another spelling."""
    found = metric_of(key)
    return found is not None and found[1] != "count" and (not is_setting(key) or plain_metric(key) == "loss")


def claim_of(
    key: str, value: str, line: int, dialect: str, *, dataset: str | None = None, split: str | None = None,
    subject: str | None = None, unit: Unit | None = None,
) -> Claim | Unread | None:  # fmt: skip
    """A claim where the key is a metric (or its `unit` is given) and the value a number, else None.

    Fractions of a bounded metric become points. A bounded metric above 100 keeps its value: it is wrong, not unread.
    Unread is what stands for the value of a bounded metric and is not one number.
    """
    metric = metric_of(key)
    if metric is None and unit is None:
        return None
    name, known = metric or (plain_metric(key), unit or "other")
    text = _as_typed(value, is_count=known == "count")
    number = _NUMBER.match(text)
    raw = number["raw"] if number else ""
    amount = float(raw.replace(",", ".")) if number else math.nan
    if number is None or not math.isfinite(amount):
        why = _unreadable(text) if known == "points" and not is_setting(key) else None
        return None if why is None else Unread(name, text.rstrip(",; "), line, why, dataset, subject)
    if known == "points" and amount < 0:
        known = "other"
    # A bounded metric printed at or below 1 is a fraction: one point of exact match is no result that anyone prints.
    is_fraction = known == "points" and 0 < amount <= 1 and not number["percent"]
    scale = 100.0 if is_fraction else 1.0
    return Claim(
        metric=name,
        value=amount * scale,
        unit=known,
        decimals=_decimals(raw, is_fraction=is_fraction),
        raw=raw,
        line=line,
        dialect=dialect,
        spread=float(number["spread"]) * scale if number["spread"] else None,
        key=key.strip().strip("\"'`").strip(),
        dataset=dataset,
        split=split,
        subject=subject,
    )


def _as_typed(value: str, *, is_count: bool) -> str:
    """A printed value without LaTeX, breaks, emphasis and quotes; a count without commas between its thousands."""
    text = without_latex(without_breaks(value[:200]).strip()).strip().translate(_MARKS)
    text = text.replace("−", "-").strip("\"' ")[:120]
    return text.replace(",", "") if is_count and _GROUPED.match(text) else text


def _decimals(raw: str, *, is_fraction: bool) -> int:
    """Digits behind the point: three of 1e-3; of a fraction two fewer as points, so that 0.7 has -1 of them."""
    decimals = -int(Decimal(raw.replace(",", ".")).as_tuple().exponent)
    return decimals - 2 if is_fraction else max(0, decimals)


def _unreadable(text: str) -> str | None:
    """Why what stands for a score is not one number; None for words, which state none."""
    return next((why for form, why in _UNREADABLE if form.match(text.rstrip(",; "))), None)
