"""Defaults of TinyBERT's own program, huawei-noah/Pretrained-Language-Model at commit 0598f02, folder `TinyBERT/`.

File names are below that folder; settings are options of `task_distill.py`, or stand in its main(). The program has no
question answering: windows and evaluation are Haystack 1.1.0's, and say so. It has an augmentation of its own
(`data_augmentation.py`: 15 candidates, stop words and numbers left alone, the original among the copies), which is
not implemented here: Haystack's is used, and says so.
"""

from collections.abc import Mapping

from harness.plan.defaults import haystack_1_1
from harness.plan.defaults.default import Default, Program

_MAIN = "task_distill.py main()"
_ADAM = "transformer/optimization.py BertAdam"


def _of_haystack(stage: str, *names: str, why: str = "has none") -> Mapping[str, Default]:
    found = haystack_1_1.PROGRAM.stages[stage]
    said = f"{why}: haystack {haystack_1_1.VERSION}"
    return {
        name: Default(found[name].value, f"{said} {found[name].symbol}", found[name].unit) for name in names or found
    }


_WINDOWS = {
    **_of_haystack("prediction_layer", "doc_stride", "doc_stride_is", "max_query_length", "last_token_labels"),
    "max_seq_length": Default(128, "task_distill.py --max_seq_length", "tokens"),
}

_OPTIMISATION = {
    "num_train_epochs": Default(3, "task_distill.py --num_train_epochs"),
    "train_batch_size": Default(32, "task_distill.py --train_batch_size", "rows"),
    "learning_rate": Default(5e-5, "task_distill.py --learning_rate"),
    "warmup_ratio": Default(0.1, "task_distill.py --warmup_proportion", "of all steps"),
    "weight_decay": Default(0.01, f"{_MAIN}, in the parameter groups; the option --weight_decay is not read", "", True),
    "weight_decay_on": Default("matrices", f"{_MAIN}, no_decay: bias, LayerNorm", "", True),
    "adam_beta1": Default(0.9, f"{_ADAM}(b1)", "", True),
    "adam_beta2": Default(0.999, f"{_ADAM}(b2)", "", True),
    "adam_epsilon": Default(1e-6, f"{_ADAM}(e)", "", True),
    "adam_bias_correction": Default(False, f"{_ADAM}.step", "", True),
    "max_grad_norm": Default(1.0, f"{_ADAM}(max_grad_norm)", "", True),
    "grad_clip": Default("tensor", f"{_ADAM}.step, each parameter by itself", "", True),
    "dropout_off_after": Default(0, f"{_MAIN}, train() after each evaluation", "steps, 0: never", True),
}

_INTERMEDIATE = {
    **_OPTIMISATION,
    "lr_schedule": Default("constant", f"{_MAIN}, schedule 'none' unless --pred_distill", "", True),
    "layer_map": Default("uniform", f"{_MAIN}, layers_per_block"),
    "temperature": Default(1.0, "task_distill.py --temperature"),
    "embeds_dropout_prob": Default(0.0, "transformer/modeling.py, no dropout before a head in this stage"),
}

_PREDICTION = {
    **_OPTIMISATION,
    "lr_schedule": Default("warmup_linear", f"{_MAIN}, schedule 'warmup_linear' with --pred_distill", "", True),
    "temperature": Default(1.0, "task_distill.py --temperature"),
    "soft_label_weight": Default(1.0, f"{_MAIN}, the loss is the soft cross-entropy alone"),
    "embeds_dropout_prob": Default(0.0, "transformer/modeling.py, the head's dropout is not used on this path"),
}

PROGRAM = Program(
    library="tinybert",
    version="0598f02",
    stages={
        "run": {"seed": Default(42, "task_distill.py --seed")},
        "intermediate_layer": {**_INTERMEDIATE, **_WINDOWS},
        "prediction_layer": {**_PREDICTION, **_WINDOWS},
        "augmentation": _of_haystack("augmentation", why="has another, in data_augmentation.py, that is not made here"),
        "evaluation": {
            **_of_haystack("evaluation"),
            "eval_batch_size": Default(32, "task_distill.py --eval_batch_size", "rows"),
        },
    },
    inert={
        "intermediate_layer": {
            "temperature": f"the loss of this stage has none ({_MAIN})",
            "warmup_ratio": f"the rate of this stage is constant ({_MAIN})",
            "last_token_labels": "the losses of this stage read no labels",
            "embeds_dropout_prob": "it would act behind the hidden states that this stage compares",
        },
        "prediction_layer": {
            "soft_label_weight": f"this flavour's loss has no gold labels to weigh against ({_MAIN})",
            "embeds_dropout_prob": "this flavour has no dropout before the head",
            "last_token_labels": "the loss of this stage reads no labels",
        },
    },
)
