"""Trains what tokenizer_bench measures: a byte-level BPE of 32,768 tokens that splits texts as Qwen2 does.

usage: tests/golden/transformers/oracle tests/bench/text/make_tokenizer.py TARGET TEXT_FILE...     writes TARGET/tokenizer.json
"""

import pathlib
import sys

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

# The pre-tokenizer of Qwen2: contractions, words, single digits, punctuation, line breaks, blanks.
PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def main(target, files):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(PATTERN), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=32768, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train(files, trainer)
    pathlib.Path(target).mkdir(parents=True, exist_ok=True)
    tokenizer.save(f"{target}/tokenizer.json")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
