"""Makes the tokenizers below fixtures/ and what the Python package `tokenizers` (0.23) says about some texts: python3 make_fixtures.py

byte_bpe: byte-level BPE with few merges, so that every emoji takes several tokens; its post-processor adds no special token, tokenizer_config.json asks
for <bos>. words: word level with a template post-processor that adds <bos> by itself. fallback: Unicode BPE with byte fallback.
"""
import json
import pathlib

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent / "fixtures"
TEXTS = ["", "289 + 955", "hello hello world", " two  spaces ", "naïve café", "日本語", "smile 😀 and 👩‍👩‍👧", "e\u0301", "tab\tnew\nline", "\ufffd kept"]


def save(name, tokenizer, config, texts):
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n")
    rows = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        rows.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})
    (folder / "expected.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def byte_bpe():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(vocab_size=280, special_tokens=["<bos>", "<eos>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(["hello world hello there", "naïve café", "so the answer is easy"], trainer)
    save("byte_bpe", tokenizer, {"add_bos_token": True, "bos_token": {"content": "<bos>", "lstrip": False}, "eos_token": "<eos>"}, TEXTS)


def words():
    names = ["<pad>", "<bos>", "<eos>", "<unk>", "User: ", "\nAssistant: ", "<think>", "</think>", " + ", " = ", "wait "] + list("0123456789")
    tokenizer = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"User: |\nAssistant: |<think>|</think>|[0-9]| \+ | = |wait "), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 1)])
    texts = ["User: 289 + 955\nAssistant: <think>wait 12 + 3 = 15</think>", "12 = 12", "?"]
    save("words", tokenizer, {"add_bos_token": True, "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": None}, texts)


def fallback():
    pieces = ["<unk>"] + [f"<0x{byte:02X}>" for byte in range(256)] + ["▁", "a", "b", "c", "▁a", "▁b", "é"]
    merges = [("▁", "a"), ("▁", "b")]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges, unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    save("fallback", tokenizer, {"add_bos_token": False}, ["a b", "a 😀😀 b", "é 日a", "b"])


byte_bpe()
words()
fallback()
