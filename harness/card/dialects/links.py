"""Markdown links: their text, and the model or data set of the Hub that one leads to."""

import re

LINK = re.compile(r"\[(?P<text>[^\[\]]{1,200})\]\((?P<target>[^()\s]{0,300})\)")
_TURNED = re.compile(r"(?P<words>\([^()]{1,200}\))\[https?://[^\[\]\s]{0,300}\]")
_HUB = re.compile(r"https?://(?:(?:www\.)?huggingface|hf)\.co/(?P<path>[^\s)#?\"'<>]{1,150})")
_NOT_MODELS = {
    "datasets", "spaces", "docs", "blog", "transformers", "models", "metrics", "tasks", "papers", "join", "course",
    "learn", "autotrain", "front", "new", "settings",
}  # fmt: skip


def without_links(text: str) -> str:
    """Text with every link replaced by its words; one with its brackets the wrong way round keeps the words' own."""
    if ")[http" in text:
        text = _TURNED.sub(lambda match: match["words"], text)
    return LINK.sub(lambda match: match["text"], text) if "](" in text else text


def hub_model(target: str) -> str | None:
    """The model that an address of the Hub names, None where it names none."""
    match = _HUB.match(target)
    if match is None or match["path"].startswith("/"):  # `huggingface.co//home/…`: a folder that a script put there
        return None
    parts = [part for part in match["path"].split("/") if part]
    if not parts or parts[0] in _NOT_MODELS:
        return None
    if parts[0] == "models":
        return None
    return "/".join(parts[:2]) if len(parts) > 1 and parts[1] not in ("blob", "tree", "resolve", "raw") else parts[0]
