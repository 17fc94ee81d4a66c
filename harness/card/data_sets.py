"""The data sets of extractive question answering that cards name, with their places on the Hub: one table.

A name is looked for among a card's words about its data, in whatever spelling; a language beside it chooses among the
configs of a set that has one a language. Sizes are in questions, {} where we are not sure of them; licences are the
Hub's tags, None where it has none or where we are not sure. All but one are SQuAD-form: context, question, answers with
offsets.

Checked, ids, configs, licences and sizes: SQuAD 1.1 and 2.0, XQuAD and SQAC against their READMEs on the Hub
(squad@7b6d24c, xquad@51adfef, SQAC@d419cd1); the others down to KLUE against README.md and dataset_infos.json of
huggingface/datasets before 8803c182e6, but for the sizes of GermanQuAD and FQuAD (their papers) and the owners of the
repositories, who moved later; by pages of the Hub JaQuAD (079c360; sizes by its README on GitHub), NorQuAD (be5b020),
the licences of GermanQuAD (fff05ce) and FaQuAD (d24046d), that Persian QA (5a314e7) and ViQuAD (406f09a) have no tag of
one, and by its README on GitHub that Persian QA has unanswerable questions. Not checked: the sizes of FaQuAD,
Persian QA and ViQuAD, and what questions ViQuAD has.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DataSet:
    """`name` matches its spellings; `evaluation` is the split that stands for held-out questions, `train` None: none.

    `sizes` has the questions of each split that we are sure of. `has_no_answers`: it has unanswerable questions.
    `is_flat`: its rows are those of SQuAD; what is in another form has to be given as a file.
    `by_language` is the config of a language of `languages`, {} its code; `config` that of the whole set.
    """

    name: re.Pattern[str]
    repo: str
    licence: str | None
    train: str | None = "train"
    evaluation: str | None = "validation"
    sizes: Mapping[str, int] = field(default_factory=dict)
    config: str = ""
    by_language: str = ""
    languages: str = ""
    has_no_answers: bool = False
    is_flat: bool = True

    def reference(self, split: str, language: str | None) -> str | None:
        """`ORG/NAME:SPLIT`, with the config between where there are several; None for a language that is not said."""
        if self.by_language and language not in self.languages.split():
            return None
        config = self.by_language.format(language) if self.by_language else self.config
        return f"{self.repo}/{config}:{split}" if config else f"{self.repo}:{split}"


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{pattern})(?![a-z])", re.IGNORECASE)


_V2 = r"(?:[\s_-]*(?:v|version)?[\s_.]*2)"
LANGUAGES: Mapping[str, str] = {
    "english": "en", "german": "de", "spanish": "es", "french": "fr", "arabic": "ar", "chinese": "zh", "hindi": "hi",
    "vietnamese": "vi", "greek": "el", "russian": "ru", "thai": "th", "turkish": "tr", "romanian": "ro",
    "portuguese": "pt", "italian": "it", "dutch": "nl", "swedish": "sv", "norwegian": "no", "danish": "da",
    "finnish": "fi", "polish": "pl", "czech": "cs", "hungarian": "hu", "basque": "eu", "catalan": "ca",
    "galician": "gl", "estonian": "et", "icelandic": "is", "persian": "fa", "farsi": "fa", "urdu": "ur",
    "bengali": "bn", "tamil": "ta", "telugu": "te", "indonesian": "id", "japanese": "ja", "korean": "ko",
    "hebrew": "he", "ukrainian": "uk", "bulgarian": "bg", "slovak": "sk", "slovenian": "sl", "croatian": "hr",
    "serbian": "sr", "swahili": "sw", "malay": "ms", "tagalog": "tl", "afrikaans": "af", "albanian": "sq",
}  # fmt: skip

SQUAD2 = DataSet(
    re.compile(r"(?!)"), "rajpurkar/squad_v2", "cc-by-sa-4.0",
    sizes={"train": 130_319, "validation": 11_873}, has_no_answers=True,
)  # fmt: skip
SQUAD1 = DataSet(
    re.compile(r"(?!)"), "rajpurkar/squad", "cc-by-sa-4.0", sizes={"train": 87_599, "validation": 10_570}
)  # fmt: skip
# Translations of SQuAD stand before other sets: their names hold its name, whose own spellings are in references.py.
TABLE: tuple[DataSet, ...] = (
    SQUAD2,
    SQUAD1,
    DataSet(_words(rf"squad[\s_-]?es{_V2}\S*|spanish squad{_V2}\S*|(?:train|dev)-v2\S*-es\S*"),
            "ccasimiro/squad_es", "cc-by-4.0", config="v2.0.0", has_no_answers=True),
    DataSet(_words(r"squad[\s_-]?es[\s_-]*v?1\S*|spanish squad[\s_-]*v?1\S*|(?:train|dev)-v1\.1-es\S*"),
            "ccasimiro/squad_es", "cc-by-4.0", config="v1.1.0", sizes={"train": 87_595, "validation": 10_570}),
    DataSet(_words(r"squad[\s_-]?it(?:[\s_-]*v?1\S*|-(?:train|test)\S*)?|italian squad\S*(?: v?1\S*)?"),
            "crux82/squad_it", None, evaluation="test", sizes={"train": 54_159, "test": 7_609}),
    DataSet(_words(r"squad[\s_-]?v1[\s_-]?pt|portuguese squad\S*|squad\S*(?: v?1\S*)? in portuguese"),
            "nunorc/squad_v1_pt", "mit", sizes={"train": 87_599, "validation": 10_570}),
    DataSet(_words(r"germanquad"), "deepset/germanquad", "cc-by-4.0", evaluation="test",
            sizes={"train": 11_518, "test": 2_204}),
    DataSet(_words(r"fquad"), "illuin/fquad", "cc-by-nc-sa-3.0", sizes={"train": 20_731, "validation": 3_188}),
    DataSet(_words(r"sqac"), "PlanTL-GOB-ES/SQAC", "cc-by-sa-4.0",
            sizes={"train": 15_036, "validation": 1_864, "test": 1_910}),
    DataSet(_words(r"xquad"), "google/xquad", "cc-by-sa-4.0", train=None, sizes={"validation": 1_190},
            by_language="xquad.{}", languages="ar de el en es hi ro ru th tr vi zh"),
    DataSet(_words(r"mlqa"), "facebook/mlqa", "cc-by-sa-3.0", train=None, evaluation="test",
            by_language="mlqa.{0}.{0}", languages="ar de en es hi vi zh"),
    DataSet(_words(rf"korquad{_V2}\S*|squad_kor_v2"), "KorQuAD/squad_kor_v2", "cc-by-nd-4.0",
            sizes={"train": 83_486, "validation": 10_165}, is_flat=False),  # `answer`, over pages of HTML
    DataSet(_words(r"korquad(?:[\s_-]*v?1\S*)?|squad_kor_v1"), "KorQuAD/squad_kor_v1", "cc-by-nd-4.0",
            sizes={"train": 60_407, "validation": 5_774}),
    DataSet(_words(r"covid[\s_-]?qa(?:[\s_-]deepset)?"), "deepset/covid_qa_deepset", "apache-2.0", evaluation=None,
            sizes={"train": 2_019}),
    DataSet(_words(r"adversarial[\s_-]?qa"), "UCLNLP/adversarial_qa", "cc-by-sa-4.0", config="adversarialQA",
            sizes={"train": 30_000, "validation": 3_000}),
    DataSet(_words(r"tydi[\s_-]?qa(?:[\s_-]*gold[\s_-]?p)?"), "google-research-datasets/tydiqa", "apache-2.0",
            config="secondary_task", sizes={"train": 49_881, "validation": 5_077}),
    DataSet(_words(r"cuad(?:[\s_-]?qa)?"), "theatticusproject/cuad-qa", "cc-by-4.0", evaluation="test",
            sizes={"train": 22_450, "test": 4_182}, has_no_answers=True),
    DataSet(_words(r"sberquad"), "kuznetsoffandrey/sberquad", None, sizes={"train": 45_328, "validation": 5_036}),
    DataSet(_words(r"jaquad"), "SkelterLabsInc/JaQuAD", "cc-by-sa-3.0",
            sizes={"train": 31_748, "validation": 3_939}),
    DataSet(_words(r"cmrc[\s_-]?2018"), "hfl/cmrc2018", "cc-by-sa-4.0", sizes={"train": 10_142, "validation": 3_219}),
    DataSet(_words(r"arcd"), "hsseinmz/arcd", "mit", sizes={"train": 693, "validation": 702}),
    DataSet(_words(r"persian[\s_-]?qa"), "SajjadAyoubi/persian_qa", None, has_no_answers=True),
    DataSet(_words(r"klue[\s_-]?mrc|klue(?: \(mrc\))"), "klue/klue", "cc-by-sa-4.0", config="mrc",
            sizes={"train": 17_554, "validation": 5_841}, has_no_answers=True),
    DataSet(_words(r"(?:uit-?)?viquad\S*"), "taidng/UIT-ViQuAD2.0", None, has_no_answers=True),
    DataSet(_words(r"faquad"), "eraldoluis/faquad", "cc-by-4.0"),
    DataSet(_words(r"norquad"), "ltg/norquad", "cc0-1.0",
            sizes={"train": 3_808, "validation": 472, "test": 472}),
)  # fmt: skip

_BY_REPO = {(one.repo, one.config): one for one in TABLE}
_PART = re.compile(r"(?<![a-z])(train|dev|valid|eval|test)", re.IGNORECASE)


def questions() -> dict[str, int]:
    """Reference of each split whose size we know -> its questions."""
    return {
        reference: n
        for one in TABLE
        for split, n in one.sizes.items()
        if (reference := one.reference(split, None)) is not None
    }


def of_reference(reference: str) -> DataSet | None:
    """The row of a reference such as `rajpurkar/squad:validation@main`; None for data that the table does not have."""
    name = reference.partition("@")[0].rpartition(":")[0]
    owner, _, rest = name.partition("/")
    repo, _, config = rest.partition("/")
    return _BY_REPO.get((f"{owner}/{repo}", config)) or next(
        (one for one in TABLE if one.by_language and one.repo == f"{owner}/{repo}"), None
    )


def has(repo: str) -> bool:
    """Whether a repository of the Hub is in the table, under whatever config."""
    return any(one.repo == repo for one in TABLE)


def named(phrase: str, split: str | None) -> str | None:
    """The reference of the one set of the table, other than SQuAD itself, that a card's words name; None else.

    `split` (train or validation) is what is meant where the words name no part.
    """
    found, rest = list[DataSet](), phrase
    for row in TABLE:  # the more telling spellings stand first: what one has taken is no other's
        if row.name.search(rest):
            found.append(row)
            rest = row.name.sub("", rest)
    if len(found) != 1 or "squad" in rest.lower():
        return None
    (one,) = found
    if not one.is_flat:
        return None
    part = _PART.search(phrase)
    is_train = (part[1].lower() if part else split or "") == "train"
    if (part is None and split is None) or (one.train if is_train else one.evaluation) is None:
        return None
    language = next((code for word, code in LANGUAGES.items() if re.search(rf"\b{word}\b", phrase.lower())), None)
    return one.reference(str(one.train if is_train else one.evaluation), language)
