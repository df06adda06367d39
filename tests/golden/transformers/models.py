"""Small random models of every architecture, and what transformers computes with a checkpoint directory.

usage: models.py make TARGET REQUEST NAME...   has transformers save the models of these names (see CASES) as TARGET/NAME, and scores them
       models.py score REQUEST DIRECTORY...    writes answer.json into each directory

REQUEST is a JSON file: {"tokens": [ids], "new_tokens": n, "texts": [strings]}
answer.json is {"logits": [[fp32 after each token]], "greedy": [n ids that follow], "ids": [ids of each text], "decoded": [text of each]}
"""

import json
import pathlib
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

SIZES = {"intermediate_size": 96, "vocab_size": 101, "num_hidden_layers": 3, "max_position_embeddings": 256, "bos_token_id": None,
         "eos_token_id": 100, "pad_token_id": None}
LLAMA3_ROPE = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 32}
YARN_ROPE = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 64}
STRONG_YARN_ROPE = YARN_ROPE | {"beta_fast": 16.0, "beta_slow": 2.0, "attention_factor": 1.3}
LONG_ROPE = {"rope_type": "default", "rope_theta": 1e6}

# Name: family, sizes, dtype of the files, largest shard.
CASES = {
    "qwen2_ratio7_tied": ("Qwen2", {"hidden_size": 56, "heads": (14, 2), "tie_word_embeddings": True}, torch.bfloat16, None),
    "qwen2_ratio6": ("Qwen2", {"hidden_size": 96, "heads": (12, 2), "tie_word_embeddings": False}, torch.float32, "60KB"),
    "qwen2_yarn": ("Qwen2", {"hidden_size": 64, "heads": (4, 2), "rope_parameters": YARN_ROPE}, torch.float32, None),
    "qwen3_tied": ("Qwen3", {"hidden_size": 40, "heads": (6, 1), "head_dim": 32, "tie_word_embeddings": True}, torch.bfloat16, None),
    "qwen3": ("Qwen3", {"hidden_size": 64, "heads": (4, 2), "head_dim": 16, "rope_parameters": LONG_ROPE}, torch.float16, None),
    "qwen3_yarn": ("Qwen3", {"hidden_size": 48, "heads": (4, 4), "head_dim": 16, "rope_parameters": STRONG_YARN_ROPE}, torch.float32, None),
    "llama3": ("Llama", {"hidden_size": 64, "heads": (8, 2), "rope_parameters": LLAMA3_ROPE}, torch.bfloat16, "50KB"),
    "llama3_tied_head_dim": ("Llama", {"hidden_size": 48, "heads": (6, 3), "head_dim": 24, "tie_word_embeddings": True,
                                       "rope_parameters": LLAMA3_ROPE}, torch.float16, None),
}


def new_model(family, sizes):
    heads, kv_heads = sizes["heads"]
    sizes = SIZES | {key: value for key, value in sizes.items() if key != "heads"}
    config = getattr(transformers, f"{family}Config")(num_attention_heads=heads, num_key_value_heads=kv_heads, **sizes)
    return getattr(transformers, f"{family}ForCausalLM")(config)


def make(name, directory):
    torch.manual_seed(list(CASES).index(name))
    family, sizes, dtype, shard = CASES[name]
    model = new_model(family, sizes)
    for key, weight in model.named_parameters():
        # Large enough that attention and sampling have something to choose between.
        weight.copy_(torch.randn_like(weight) * (0.1 if weight.dim() == 1 else 1.2 / weight.shape[-1] ** 0.5) + (1 if "norm" in key else 0))
    model.generation_config.eos_token_id = 100
    model.to(dtype).save_pretrained(directory, **({"max_shard_size": shard} if shard else {}))


def score(directory, request):
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    tokens = torch.tensor([request["tokens"]])
    answer = {"logits": model(tokens).logits[0].tolist()}
    new = model.generate(tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=request["new_tokens"], do_sample=False)
    answer["greedy"] = new[0, tokens.shape[1]:].tolist()
    if request["texts"]:
        tokenizer = AutoTokenizer.from_pretrained(directory)
        answer["ids"] = [tokenizer(text)["input_ids"] for text in request["texts"]]
        answer["decoded"] = [tokenizer.decode(ids, skip_special_tokens=True) for ids in answer["ids"]]
    (directory / "answer.json").write_text(json.dumps(answer))


def main(action, *arguments):
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    if action == "make":
        target, request_path, *names = arguments
        directories = [pathlib.Path(target) / name for name in names]
        for name, directory in zip(names, directories):
            make(name, directory)
    else:
        request_path, *directories = arguments
    request = json.loads(pathlib.Path(request_path).read_text())
    for directory in directories:
        score(pathlib.Path(directory), request)


if __name__ == "__main__":
    main(*sys.argv[1:])
