"""Both stages the plain way, to measure the engine against and to check it with.

transformers' eager attention, all attention maps and hidden states of both models returned, every row padded to the
longest, the teacher run in every step of either stage, torch's AdamW. The losses are farm-haystack 1.1's.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainIntermediate(nn.Module):
    """MSE of hidden states and attention probabilities, layer i of the student to i x n_teacher / n_student."""

    def __init__(self, student: Any, teacher: Any) -> None:
        super().__init__()
        self.student, self._teacher = student, (teacher,)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        names = ("input_ids", "attention_mask", "token_type_ids")
        inputs = {name: batch[name] for name in names}
        with torch.no_grad():
            teacher_map = self._teacher[0].base_model(**inputs, output_attentions=True, output_hidden_states=True)
        own = self.student.base_model(**inputs, output_attentions=True, output_hidden_states=True)
        step = len(teacher_map.attentions) // len(own.attentions)
        attention = [
            functional.mse_loss(one, teacher_map.attentions[step * (i + 1) - 1]) for i, one in enumerate(own.attentions)
        ]
        hidden = [
            functional.mse_loss(one, teacher_map.hidden_states[step * i]) for i, one in enumerate(own.hidden_states)
        ]
        return {"loss": torch.stack([*attention, *hidden]).sum()}


class PlainPrediction(nn.Module):
    """Cross-entropy with the teacher's span distributions and with gold labels; the teacher runs in every step."""

    def __init__(self, student: Any, teacher: Any, *, soft_label_weight: float = 0.5, temperature: float = 1.0) -> None:
        super().__init__()
        self.student, self._teacher = student, (teacher,)
        self._weight, self._temperature = soft_label_weight, temperature

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        names = ("input_ids", "attention_mask", "token_type_ids")
        inputs = {name: batch[name] for name in names}
        with torch.no_grad():
            teacher_map = self._teacher[0](**inputs, output_attentions=True, output_hidden_states=True)
        own = self.student(**inputs, output_attentions=True, output_hidden_states=True)
        soft = hard = torch.zeros(())
        for mine, theirs, label in (
            (own.start_logits, teacher_map.start_logits, batch["labels"][:, 0]),
            (own.end_logits, teacher_map.end_logits, batch["labels"][:, 1]),
        ):
            log_mine = functional.log_softmax(mine / self._temperature, dim=1)
            log_theirs = functional.log_softmax(theirs / self._temperature, dim=1)
            soft = soft + functional.kl_div(log_mine, log_theirs, reduction="batchmean", log_target=True)
            hard = hard + functional.cross_entropy(mine, label) / 2
        return {"loss": self._weight * self._temperature**2 * soft + (1 - self._weight) * hard}


# --- what a well-kept program does: maps only where they are compared, sdpa elsewhere, the teacher's logits given ---


def with_maps_in(model: Any, layers: Any) -> Any:
    """The model with eager attention in these layers, from 1, and torch's sdpa in all others."""
    for number, layer in enumerate(model.base_model.encoder.layer, start=1):
        own = copy.copy(layer.attention.self.config)
        own._attn_implementation = "eager" if number in layers else "sdpa"
        layer.attention.self.config = own
    return model


class PeerPrediction(nn.Module):
    """The prediction stage with the teacher's logits in the batch; without them plain fine-tuning on the labels."""

    def __init__(self, student: Any, *, soft_label_weight: float = 0.5) -> None:
        super().__init__()
        self.student, self._weight = student, soft_label_weight

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        names = ("input_ids", "attention_mask", "token_type_ids")
        own = self.student(**{name: batch[name] for name in names})
        soft = hard = torch.zeros(())
        for number, mine in enumerate((own.start_logits, own.end_logits)):
            hard = hard + functional.cross_entropy(mine, batch["labels"][:, number]) / 2
            if self._weight:
                theirs = functional.log_softmax(batch["teacher_logits"][..., number], dim=1)
                log_mine = functional.log_softmax(mine, dim=1)
                soft = soft + functional.kl_div(log_mine, theirs, reduction="batchmean", log_target=True)
        return {"loss": self._weight * soft + (1 - self._weight) * hard}
