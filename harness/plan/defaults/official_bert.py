"""Defaults of the evaluation of Google BERT's run_squad.py, as packaged in bert-tensorflow 1.0.4 (2020).

SQuAD 2.0 is asked for there with --version_2_with_negative; most ports of BERT follow this file.
"""

from harness.plan.defaults.default import Default, Program

_EVALUATION = {
    "max_seq_length": Default(384, "run_squad.py, flag max_seq_length", "tokens"),
    "doc_stride": Default(128, "run_squad.py, flag doc_stride", "tokens"),
    "doc_stride_is": Default("step", "run_squad.py, convert_examples_to_features, start_offset += min(length, stride)"),
    "max_query_length": Default(64, "run_squad.py, flag max_query_length", "tokens"),
    "protocol": Default("official-bert", "run_squad.py, write_predictions, flag version_2_with_negative"),
    "eval_batch_size": Default(8, "run_squad.py, flag predict_batch_size", "rows"),
    "n_best_size": Default(20, "run_squad.py, flag n_best_size", "candidates"),
    "max_answer_length": Default(30, "run_squad.py, flag max_answer_length", "tokens"),
    "null_score_diff_threshold": Default(0.0, "run_squad.py, flag null_score_diff_threshold"),
    "last_token_labels": Default("exact", "no counterpart there; the gold tokens of our token-index scores"),
}

PROGRAM = Program("bert run_squad", "1.0.4", stages={"evaluation": _EVALUATION}, inert={})
