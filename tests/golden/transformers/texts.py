"""Tokenizers with chat templates, and what transformers makes of a corpus of texts and conversations.

usage: texts.py TARGET     writes TARGET/KIND: a tokenizer's files and expected.json

expected.json: {"texts": [{"text", "ids", "with_special"}], "tokens": [{"ids", "text", "without_special"}],
                "chats": [{"messages", "ending", "text", "ids"}]}
"""

import json
import pathlib
import random
import sys

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

# First and last code point of a stretch of each script, and of symbols.
SCRIPTS = [
    (0x41, 0x7A), (0xC0, 0x17F), (0x250, 0x2AF), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF),
    (0x700, 0x74F), (0x780, 0x7BF), (0x7C0, 0x7FF), (0x900, 0x97F), (0x980, 0x9FF), (0xA00, 0xA7F), (0xA80, 0xAFF), (0xB00, 0xB7F),
    (0xB80, 0xBFF), (0xC00, 0xC7F), (0xC80, 0xCFF), (0xD00, 0xD7F), (0xD80, 0xDFF), (0xE00, 0xE7F), (0xE80, 0xEFF), (0xF00, 0xFFF),
    (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x137F), (0x13A0, 0x13FF), (0x1400, 0x167F), (0x1680, 0x169F),
    (0x16A0, 0x16FF), (0x1780, 0x17FF), (0x1800, 0x18AF), (0x1D00, 0x1D7F), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x206F),
    (0x2070, 0x20CF), (0x2100, 0x21FF), (0x2200, 0x22FF), (0x2460, 0x24FF), (0x2500, 0x25FF), (0x2600, 0x27BF), (0x2800, 0x28FF),
    (0x2C00, 0x2C5F), (0x2D30, 0x2D7F), (0x3000, 0x303F), (0x3040, 0x30FF), (0x3130, 0x318F), (0x4E00, 0x4F80), (0xA000, 0xA0FF),
    (0xAC00, 0xAD00), (0xFB00, 0xFB4F), (0xFE00, 0xFE0F), (0xFF00, 0xFFEF), (0x10000, 0x100FF), (0x10330, 0x1034F), (0x12000, 0x120FF),
    (0x13000, 0x130FF), (0x1D400, 0x1D4FF), (0x1F1E6, 0x1F1FF), (0x1F300, 0x1F6FF), (0x1F900, 0x1F9FF), (0x20000, 0x200FF), (0xE0020, 0xE007F),
]
PLAIN = ["", " ", "\n", "  two  spaces ", "tabs\t\tand\r\nlines\n\n\n", "naïve café e\u0301 \u00e9", "1234567 3.14 1e-9 ½ ²", "I'll we've don't SHE'D",
         "👩‍👩‍👧‍👦 👍🏽 🇪🇺 ❤️ #️⃣", "def f(x: int) -> int:\n    return x ** 2  # ñ\n", "for (int i = 0; i < n; ++i) { a[i] += b[i] * 0x1F; }\n",
         "\\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}", "<|start|> is special, <|nothing|> is not", "<think>\n2 + 2 = 4\n</think>\n\n4<|end|>", "\u200b\ufeff\u00a0\u2028",
         "\ufffd\ufffd", "a" * 300, " " * 70, "=" * 65 + "\n" + "-" * 33]

THINKING_TEMPLATE = """\
{%- macro turn(role, text) -%}
{{- '<|start|>' ~ role ~ '\\n' ~ text ~ '<|end|>\\n' -}}
{%- endmacro -%}
{%- set ns = namespace(last=-1, seen=[]) %}
{%- for message in messages %}
    {%- if message.role == 'user' %}
        {%- set ns.last = loop.index0 %}
    {%- endif %}
{%- endfor %}
{%- if messages[0].role != 'system' %}
    {{- turn('system', 'Answer.') }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role not in ['system', 'user', 'assistant'] %}
        {{- raise_exception('no role is called ' ~ message.role) }}
    {%- endif %}
    {%- if message['content'] is not string %}{% continue %}{% endif %}
    {%- set text = message.content %}
    {%- if message.role == 'assistant' and loop.index0 < ns.last and '</think>' in text %}
        {%- set text = text.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {%- if message.role == 'assistant' %}
        {{- '<|start|>assistant\\n' }}
        {%- generation %}{{- text ~ '<|end|>' }}{%- endgeneration %}
        {{- '\\n' }}
    {%- else %}
        {{- turn(message.role, text) }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start|>assistant\\n<think>\\n' }}
{%- endif %}
"""

TRIMMING_TEMPLATE = """\
{{ bos_token }}{% for message in messages %}
    {% if (message['role'] == 'user') != (loop.index0 % 2 == (1 if messages[0]['role'] == 'system' else 0)) and message['role'] != 'system' %}
{{ raise_exception("turns must alternate") }}
    {% endif %}
[{{ message.role.upper() }}{% if loop.first %} first{% endif %}{% if loop.last %} last={{ loop.last }}{% endif %}]
{{ message['content'] | trim }}{{ eos_token }}
{% if loop.index > 30 %}{% break %}{% endif %}
{% endfor %}
{% if tools %}{{ tools | tojson(indent=2) }}{% endif %}
{{- {'n': messages | length, 'é<>&\\'': [1, 2.5, none, true, {}, []], "roles": messages | map(attribute='role') | list} | tojson }} {{ none }} {{ true }}
{% if add_generation_prompt %}[ASSISTANT]
{% endif %}"""

CHATS = [
    ([("user", "2 + 2?")], "assistant"),
    ([("system", "You reason."), ("user", "What is 3 × 4?\n")], "assistant"),
    ([("user", "a"), ("assistant", "<think>\nhm\n</think>\n\nb"), ("user", "c 👩‍👧")], "assistant"),
    ([("user", "a"), ("assistant", "<think>\nhm\n</think>\n\nb")], "complete"),
    ([("system", "S"), ("user", "solve"), ("assistant", "<think>\n")], "continue"),
    ([("user", "solve"), ("assistant", "Let us think: ")], "continue"),
    ([("user", " '\"<&>{{ x }}{% if %} "), ("assistant", "The answer is")], "continue"),
]


def corpus():
    stream = random.Random(5)
    texts = list(PLAIN)
    for first, last in SCRIPTS:
        word = lambda: "".join(chr(stream.randint(first, last)) for _ in range(stream.randint(1, 8)))
        texts.append(" ".join(word() for _ in range(12)))
    for _ in range(150):
        texts.append("".join(stream.choice(texts[: len(PLAIN)] + [chr(stream.choice(SCRIPTS)[0]), " ", "\n", "0", "<|end|>"]) for _ in range(6)))
    return [text for text in texts if not any(0xD800 <= ord(c) < 0xE000 for c in text)]


def train(texts, normalizer, post_processor):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizer
    words = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    split = pre_tokenizers.Split(Regex(words), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|start|>", "<|end|>", "<|begin|>", "<|pad|>"]
    trainer = trainers.BpeTrainer(vocab_size=1200, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens(["<think>", "</think>"])
    tokenizer.post_processor = post_processor(tokenizer)
    return tokenizer


def begins_with_bos(tokenizer):
    bos = ("<|begin|>", tokenizer.token_to_id("<|begin|>"))
    return processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single="<|begin|> $A", special_tokens=[bos])])


def expectations(tokenizer, texts):
    stream = random.Random(6)
    rows = {"texts": [], "tokens": [], "chats": []}
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        rows["texts"].append({"text": text, "ids": ids, "with_special": tokenizer(text)["input_ids"]})
    for row in rows["texts"]:  # Cut anywhere and stirred, so that many characters are broken.
        ids = row["ids"][stream.randint(0, 3):] + [stream.randrange(len(tokenizer)) for _ in range(8)]
        rows["tokens"].append({"ids": ids, "text": tokenizer.decode(ids), "without_special": tokenizer.decode(ids, skip_special_tokens=True)})
    for turns, ending in CHATS:
        messages = [{"role": role, "content": content} for role, content in turns]
        options = {"add_generation_prompt": ending == "assistant", "continue_final_message": ending == "continue"}
        text = tokenizer.apply_chat_template(messages, tokenize=False, **options)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        rows["chats"].append({"messages": messages, "ending": ending, "text": text, "ids": ids})
    return rows


def main(target):
    texts = corpus()
    kinds = {"thinking": (normalizers.NFC(), lambda tokenizer: processors.ByteLevel(trim_offsets=False), THINKING_TEMPLATE),
             "trimming": (None, begins_with_bos, TRIMMING_TEMPLATE)}
    for kind, (normalizer, post_processor, template) in kinds.items():
        names = {"bos_token": "<|begin|>", "eos_token": "<|end|>", "pad_token": "<|pad|>"}
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=train(texts, normalizer, post_processor), clean_up_tokenization_spaces=False, **names)
        tokenizer.chat_template = template
        tokenizer.save_pretrained(target / kind)
        (target / kind / "expected.json").write_text(json.dumps(expectations(tokenizer, texts), ensure_ascii=False))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
