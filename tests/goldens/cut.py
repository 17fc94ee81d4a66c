"""Cuts the small set beside this file out of the whole set of golden numbers: python -m tests.goldens.cut WHOLE_SET

Nothing is computed. Vocabulary and position rows that no kept text uses are left out of the models (their only part in
a run is their own weight decay), ids are renumbered to match, and long lists are cut to their first entries.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

HERE = Path(__file__).parent
N_PARAGRAPHS = 3  # of dev.json
N_AUGMENTED = 2  # paragraphs of augment_input.json
LENGTH = 160
FINAL = (  # of the weights after a stage, one tensor of each kind
    "bert.embeddings.LayerNorm.weight", "bert.embeddings.position_embeddings.weight",
    "bert.encoder.layer.0.attention.self.query.weight", "bert.encoder.layer.1.attention.self.value.bias",
    "bert.encoder.layer.1.output.LayerNorm.weight", "temperature_for_confidence",
)  # fmt: skip


def main(whole: Path) -> None:
    dev = _read(whole / "dev.json")
    dev["data"] = [{**dev["data"][0], "paragraphs": dev["data"][0]["paragraphs"][:N_PARAGRAPHS]}]
    questions = [qa["id"] for paragraph in dev["data"][0]["paragraphs"] for qa in paragraph["qas"]]
    features = _read(whole / "features.json")
    rows = {
        "train_small": features["train_small"],
        "dev": [row for row in features["dev"] if row["qid"] in questions],
    }
    run_qa = [row for row in _read(whole / "features_run_qa.json")["rows"] if row["qid"] in questions]
    ids = sorted({*range(5), *_special(whole)} | {i for row in (*rows["train_small"], *rows["dev"], *run_qa)
                                                   for i in row["input_ids"]})  # fmt: skip
    new = {old: number for number, old in enumerate(ids)}
    for row in (*rows["train_small"], *rows["dev"], *run_qa):
        row["input_ids"] = [new[i] for i in row["input_ids"]]
    _write("dev.json", dev)
    _write("features.json", rows)
    _write("features_run_qa.json", {"rows": run_qa})
    for name in ("train_small.json", "stage1.json", "stage2.json", "schedule.json"):
        (HERE / name).write_bytes((whole / name).read_bytes())
    for name in ("teacher", "student"):
        _cut_model(whole / name, HERE / name, ids)
    _save("stage1_final.safetensors", _cut_weights(load_file(whole / "stage1_final.safetensors"), ids))
    for name in ("stage1_step2", "stage2_final_a1.0_T1", "stage2_final_a0.5_T2"):
        weights = _cut_weights(load_file(whole / f"{name}.safetensors"), ids)
        _save(f"{name}.safetensors", {key: weights[key] for key in FINAL if key in weights})
    _cut_logits(whole, len(rows["dev"]), len(run_qa))
    _cut_evaluations(whole, questions)
    _cut_augmentation(whole)
    _cut_tinybert(whole)


def _cut_model(source: Path, target: Path, ids: list[int]) -> None:
    target.mkdir(exist_ok=True)
    config = _read(source / "config.json") | {"vocab_size": len(ids), "max_position_embeddings": LENGTH}
    _write(f"{target.name}/config.json", config)
    words = (source / "vocab.txt").read_text(encoding="utf-8").split("\n")
    (target / "vocab.txt").write_text("".join(f"{words[i]}\n" for i in ids), encoding="utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": LENGTH}
    _write(f"{target.name}/tokenizer_config.json", settings)
    _save(f"{target.name}/model.safetensors", _cut_weights(load_file(source / "model.safetensors"), ids))


def _cut_weights(weights: dict[str, torch.Tensor], ids: list[int]) -> dict[str, torch.Tensor]:
    kept = {"word_embeddings.weight": ids, "position_embeddings.weight": list(range(LENGTH))}
    return {
        name: next((tensor[rows] for end, rows in kept.items() if name.endswith(end)), tensor).contiguous()
        for name, tensor in weights.items()
    }


def _cut_logits(whole: Path, n_haystack: int, n_run_qa: int) -> None:
    (taught,) = np.load(whole / "teacher_logits_train_small.npz").values()
    np.savez_compressed(HERE / "teacher_logits_train_small.npz", logits=taught)
    for name, n_rows in (("haystack", n_haystack), ("run_qa", n_run_qa)):
        logits = np.load(whole / f"eval_logits_{name}.npz")["constructed"][:n_rows]
        np.savez_compressed(HERE / f"eval_logits_{name}.npz", constructed=logits)


def _cut_evaluations(whole: Path, questions: list[str]) -> None:
    """Question by question; the sums over all questions are left out, for they are not those of these few."""
    for name in ("haystack", "run_qa"):
        found = _read(whole / f"eval_{name}.json")
        kept = [one for one in found["constructed"]["questions"] if one["qid"] in questions]
        _write(f"eval_{name}.json", {"versions": found["versions"], "constructed": {"questions": kept}})


def _cut_augmentation(whole: Path) -> None:
    found = _read(whole / "augment.json")
    names = ("word", "source", "candidates_5")
    paragraphs = [
        {"words": [{name: word[name] for name in names if name in word} for word in one["words"]]}
        for one in found["paragraphs"][:N_AUGMENTED]
    ]
    _write("augment.json", {**{name: found[name] for name in ("versions", "settings")}, "paragraphs": paragraphs})
    copies = _read(whole / "augmented_wp5.json")["data"][0]["paragraphs"]
    texts = [one["context"] for one in copies[: N_AUGMENTED * found["settings"]["multiplication_factor"]]]
    _write("augmented_wp5.json", {"contexts": texts})


def _cut_tinybert(whole: Path) -> None:
    """The batch with real scores below -100, of which it keeps the teacher layers that the losses read."""
    found = _read(whole / "tinybert_official.json")
    batch = found["batches"][4]
    arrays = {name: a for name, a in np.load(whole / "tinybert_official.npz").items() if name.startswith("b4_")}
    np.savez_compressed(HERE / "tinybert_official.npz", **arrays)
    _write("tinybert_official.json", {**found, "batches": [batch]})


def _special(whole: Path) -> list[int]:
    words = (whole / "student" / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return [words.index(word) for word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(name: str, thing: Any) -> None:
    (HERE / name).write_text(json.dumps(thing, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def _save(name: str, weights: dict[str, torch.Tensor]) -> None:
    save_file(weights, HERE / name, metadata={"format": "pt"})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
