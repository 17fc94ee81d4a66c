"""Text augmentation for distillation: many copies of each context with words replaced by likely ones.

The method is TinyBERT's (Jiao et al. 2020, section 4.2 and Algorithm 1) in the form of Haystack 1.x's augment_squad:

    words.py        a context to words: single pieces, words known to GloVe, the rest
    masked_lm.py    candidates of the single pieces          glove.py   candidates of the others
    candidates.py   both together
    shards.py       candidates on disk                       table.py   all of them, made once and resumable
    sampler.py      table + seed to a stream of paragraphs

Questions keep their text and lose their answers: the teacher's outputs are what a student learns from.
"""

from harness.train.augment.candidate_table import Table, build_table, table_key
from harness.train.augment.sampler import augmented

__all__ = ["Table", "augmented", "build_table", "table_key"]
