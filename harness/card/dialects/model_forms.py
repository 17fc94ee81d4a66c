"""Forms of sentences that say which models a model was made from; `<name>` and its like stand for parts of them."""

TUNED = r"[Ff]ined?[-\s]?[Tt]un{1,2}(?:ed|e|ing)"
FAMILY = (
    r"[\w.-]{0,40}(?:bert|BERT|Bert|electra|ELECTRA|Electra|gpt|GPT|bart|BART|Bart|xlnet|XLNet|t5|T5|former"
    r"|deberta|DeBERTa|luke|LUKE|mpnet|MPNet|minilm|LM(?![a-z])|[Cc]anine|CANINE|[Ee]rnie|ERNIE|[Mm]u[Rr][Ii][Ll]|MURIL"
    r"|[Bb]ig[Bb]ird|ELMo|BETO|FNet|[Ss]plinter|XLM-R)[\w.-]{0,60}"
)
PARTS = {
    # A model as cards print it: a bare name, in backticks, bold, or the words of a link whose address follows.
    "<name>": r"(?:\*\*|`{1,3}|\"|')?\[?(?:\*\*|`{1,3})?(?P<model>\w[\w./:@-]{1,160}?)(?:\*\*|`{1,3})?"
    r"(?:\]\((?P<target>[^)\s]{0,300})\))?(?:\*\*|`{1,3}|\"|')?",
    "<link>": r"(?:\*\*)?\[(?:\*\*|`{1,3})?(?P<model>[^\[\]`*]{2,80})(?:\*\*|`{1,3})?\]\((?P<target>[^)\s]{0,300})\)"
    r"(?:\*\*)?",
    "<tuned>": TUNED,
    # A bare word that names an architecture, `xlm-roberta-large` or `DistilBERT`.
    "<bert>": FAMILY,
    # A name in backticks or bare, with the hyphens that names of models have and words have not.
    "<hyphens>": r"`?(?P<model>[A-Za-z0-9]\w*(?:[-/]\w+(?:\.\d+)?){1,8}|[A-Za-z0-9]+_\w{3,80})`?(?P<target>)"
    r"(?=[\s,.]|$)",
    "<converted>": r"(?:[Cc]onversion|[Ee]xport|[Cc]onverted version"
    r"|(?:TorchScript|ONNX|OpenVINO|torchscript) (?:model|version)"
    r"|[Qq]uanti[sz]ed version)",
    "<from>": r"(?:à partir d[ue]|a partir d(?:el?|[oa])|a partire da(?:l|lla)?|basiert auf|auf (?:der )?Basis von"
    r"|basée? sur|basad[oa] en|basead[oa] (?:em|n[oa])|basato su)",
    "<a>": r"(?:the |a |an |The |A |An )?",
}
FORMS = (
    ("teacher", r"<name>(?: model)? was used as the teacher model\b"),
    ("student", r"<name>(?: model)? was used as the student model\b"),
    ("teacher", r"\b(?:with|using) <name> as <a>teacher\b"),
    ("teacher", r"\bas <a>teacher(?: model)?,? (?:i\.e\.|namely|:) <a><name>(?=[\s,.)]|$)"),
    ("teacher", r"[Dd]istill(?:ation|ed) (?:with|from|by) <a>(?:[\w-]{1,15} ){0,3}<link>"),
    ("student", r"\b(?:optimi[sz]ation|quanti[sz]ation|pruning) of <a><link>"),
    (
        "student",
        r"\bfine-?tun{1,2}ed? (?:version|checkpoint) (?:of|from) <a>"
        r"(?:model |pre-?trained |multilingual |original ){0,4}<name>(?! version of)(?=[\s,*]|\.(?!\d)|$)",
    ),
    ("student", r"\b(?:from|using|uses) <a>(?:[\w-]{1,20} ){0,3}<link>(?: \w+){0,3} (?:checkpoint|as the Sentence)"),
    ("student", r"\bis based on <a>(?:[\w-]{1,20} ){0,2}<link>"),
    ("student", r"^This (?:model )?is\b.{0,120}?\bbased on <a>(?P<model><bert>(?: base| large| small)?)(?P<target>)"),
    ("student", r"\b[Bb]ased on <a>(?:pre-?trained )?`(?P<model>[\w./-]{3,100})`(?P<target>)"),
    ("student", r"\b(?:by|after) <tuned> <a>(?:[\w-]{1,12} ){0,2}<hyphens>"),
    ("student", r"[Ll]anguage model ?\(['\"`](?P<model>[\w./-]{3,90})['\"`]\)(?P<target>)"),
    ("student", r"\b<tuned> (?:from|of) <a>(?:(?!on\b|for\b|with\b|using\b)[A-Za-z]{1,12} ){0,3}<hyphens>"),
    ("student", r"\b<tuned> (?:from|of) <a>(?:[\w-]{1,15} ){0,3}<link>"),
    ("student", r"\bis <a><link>(?: model)?,? (?:that (?:is|was) )?<tuned>\b"),
    ("student", r"\b[Mm]odel,? <link>,? <tuned> (?:on|for|using|from|with)\b"),
    ("student", r"^<link> (?:model )?(?:created|trained|released|developed) by .{1,150}? and <tuned>\b"),
    ("student", r"^This (?:model )?is <a>(?P<model>[\w.-]{1,60}/[\w.-]{1,90})(?P<target>)(?: pre-?trained)? model\b"),
    ("student", r"<link> as <a>(?:base|pre-?trained|backbone|underlying)(?: language)? model\b"),
    ("student", r"\b(?:[Ll]anguage|[Bb]ackbone|[Uu]nderlying|[Ss]tarting) model (?:used |here )?(?:is|was) <a><link>"),
    (
        "student",
        r"\b[Oo]riginal (?:[\w-]{1,12} ){0,3}model (?:comes|came|is taken) from <a>(?:[\w-]{1,12} ){0,3}<link>",
    ),
    (
        "student",
        r"\b[Oo]riginal (?:[\w-]{1,12} ){0,3}model (?:can be found|is|was|:)[^()\[\]]{0,40}?"
        r"(?P<target>https://huggingface\.co/(?P<model>[\w./-]{3,100}))",
    ),
    ("student", r"\b(?:refer|see)(?: to)? <link> for (?:more )?details (?:about|of|on) the pre-?train(?:ed|ing) model"),
    ("student", r"\bresult of <tuned> <a>.{0,80}?\bpre-?trained (?P<model><bert>)(?P<target>)"),
    ("student", r"^<tuned> <a><link> (?:model )?(?:on|using|for)\b"),
    ("student", r"^<tuned> <a><hyphens> (?:model )?(?:on|using|for|with)\b"),
    (
        "student",
        r"\bfrom <a>(?:pre-?trained )?`(?P<model>[\w./-]{2,90})`(?P<target>) (?:model )?(?:checkpoint|weights)",
    ),
    # `X trained on Y` as a line of its own: X has the hyphens of a model's name.
    ("student", r"^(?:[A-Z][\w.-]{1,20}['’]s )?<hyphens> (?:model )?(?:trained|<tuned>) on\b"),
    ("student", r"^<link> (?:model )?(?:has been |is |was )?<tuned>"),
    ("student", r"^[\w -]{2,40} \(`(?P<model>[\w./-]{3,80})`\)(?P<target>) (?:trained|<tuned>)"),
    ("student", r"^[\w-]{2,30} \((?P<model>[A-Za-z0-9]+(?:[-/][\w.]+){1,8})\)(?P<target>) <tuned>"),
    ("student", r"\b[Ww]e <tuned> <a>(?:(?!on\b)[\w-]{1,20} ){0,4}<link>"),
    ("student", r"\binitiali[sz]ed (?:from|with) <a>(?:pre-?trained )?(?:model )?<link>"),
    ("student", r"\b[Bb]ase model (?:is|was) <a><name>(?=[\s,.]|$)"),
    ("student", r"[Ll]anguage model \(<link>"),
    ("student", r"\(<link> model <tuned> on"),
    ("student", r"\btrained <a>.{0,60}\bmodel with <a>(?P<model><bert>)(?P<target>) model as its basis"),
    (
        "student",
        r"(?:^|\bThis is |\bis )<a>\*{0,2}(?P<model>(?:[A-Za-z]{1,12} )?<bert>"
        r"(?: v\d| (?:[Bb]ase|[Ll]arge|[Ss]mall|[Tt]iny|[Cc]ased|[Uu]ncased)){0,3})"
        r"(?P<target>)\*{0,2}(?: (?:language )?model)?,?(?: whole word masking)? (?:that (?:is|was) )?<tuned>\b",
    ),
    ("student", r"\bis <tuned>(?: and \w+)? (?:on|from) (?P<model>(?:[a-z]{1,14} )?<bert>)(?P<target>) model"),
    ("student", r"\bfine-?tun{1,2}ed? (?:version|checkpoint) (?:of|from) <a><link>"),
    ("student", r"\b[Aa]dapter(?:\]\([^()]{0,200}\))? for <a><name>(?: model)? (?:that|which|trained)\b"),
    ("student", r"(?:This|this|The|the) `(?P<model>[\w./-]{3,100})`(?P<target>) model (?:was|is|has been) <tuned>"),
    (
        "student",
        r"\b(?:trained|tuned|initiali[sz]ed|started?) from (?P<target>https://(?:huggingface|hf)\.co/(?P<model>[\w./-]{3,100}))",
    ),
    (
        "student",
        r"^(?P<model>(?:[A-Z][a-z]{1,12} )?<bert>)(?P<target>)(?: \([^()]{1,40}\))?"
        r" (?:by|from) (?:\[[^\[\]]{1,60}\]\([^()\s]{0,200}\)|[A-Z][\w.-]{1,30}),? <tuned>",
    ),
    ("student", r"\b[Ii]s <a>(?P<model><bert>)(?P<target>) model,? pre-?trained .{1,160}? and <tuned>"),
    ("student", r"\b<converted> of <a>(?:[Aa]dapter )?<link>"),
    ("student", r"\b<converted> of <a>(?:[Aa]dapter )?<hyphens>"),
    ("student", r"^<link> (?:model )?(?:was |is |has been )?(?:exported|converted|ported|quanti[sz]ed) (?:in)?to\b"),
    ("student", r"^<tuned> <a><hyphens> from [A-Z]\w{1,30} (?:on|using|for|with)\b"),
    ("student", r"^(?:<bert>|[Bb]ase): (?P<target>https://(?:huggingface|hf)\.co/(?P<model>[\w./-]{3,100}))$"),
    ("student", r"\bfine-?tun{1,2}ed? (?:version|checkpoint) of <a>[\"“](?P<model>[^\"”]{3,50})[\"”](?P<target>)"),
    # In French, Spanish, Portuguese, Italian and German.
    ("student", r"\b<from> (?:\w{1,12} ){0,4}<link>"),
    ("student", r"\b<from> (?:\w{1,12} ){0,4}<hyphens>"),
    # `Sorting in six classes: distilbert-base-cased`, a title
    ("student", r"^[\w -]{2,50}: (?P<model>(?:[a-z]+-)?<bert>-(?:base|large|small|tiny)[\w-]{0,40})(?P<target>)$"),
    ("student", r"\b[Tt]ransfer[ -][Ll]earning of <a><name> on\b"),
    ("student", r"\b[Tt]ransfer[ -][Ll]earning of <a>(?:[\w-]{1,15} ){0,3}<link>"),
)
