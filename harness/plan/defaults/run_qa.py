"""Defaults of the evaluation of transformers' question-answering example, as of 4.39 (early 2024).

Its files are in examples/pytorch/question-answering/; this is also what the Hub's own evaluator follows.
"""

from harness.plan.defaults.default import Default, Program

_EVALUATION = {
    "max_seq_length": Default(384, "run_qa.py, DataTrainingArguments.max_seq_length", "tokens"),
    "doc_stride": Default(128, "run_qa.py, DataTrainingArguments.doc_stride", "tokens"),
    "max_query_length": Default(0, 'run_qa.py, prepare_validation_features, truncation="only_second": never cut'),
    "protocol": Default("run_qa", "utils_qa.py, postprocess_qa_predictions(version_2_with_negative=True)"),
    "doc_stride_is": Default("overlap", "run_qa.py, prepare_validation_features, tokenizer(stride=doc_stride)"),
    "eval_batch_size": Default(8, "training_args.py, TrainingArguments.per_device_eval_batch_size", "rows"),
    "n_best_size": Default(20, "run_qa.py, DataTrainingArguments.n_best_size", "candidates"),
    "max_answer_length": Default(30, "run_qa.py, DataTrainingArguments.max_answer_length", "tokens"),
    "null_score_diff_threshold": Default(0.0, "run_qa.py, DataTrainingArguments.null_score_diff_threshold"),
    "last_token_labels": Default("exact", "no counterpart there; the gold tokens of our token-index scores"),
}

PROGRAM = Program("transformers run_qa", "4.39", stages={"evaluation": _EVALUATION}, inert={})
