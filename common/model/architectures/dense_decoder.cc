#include "common/model/architectures/dense_decoder.h"

#include "absl/strings/str_cat.h"

namespace cohort::model {

void CheckDenseDecoder(JsonFields& fields) {
  if (const std::string activation = fields.Text("hidden_act", "silu"); activation != "silu") {
    fields.Fail("hidden_act", absl::StrCat("is '", activation, "'; Cohort computes silu only"));
  }
  if (fields.Flag("use_sliding_window", false)) {
    fields.Fail("use_sliding_window", "is true; Cohort attends to the whole context, set it to false");
  }
  if (fields.Has("layer_types")) {
    for (const auto& type : fields.object().at("layer_types")) {
      if (type != "full_attention") fields.Fail("layer_types", absl::StrCat("has ", type.dump(), "; Cohort computes \"full_attention\" only"));
    }
  }
  for (const char* bias : {"attention_bias", "mlp_bias"}) {
    if (fields.Flag(bias, false)) fields.Fail(bias, "is true; Cohort computes these layers without a bias");
  }
}

void LayOutDenseDecoder(const ModelConfig& config, LayoutBuilder& builder) {
  const int64_t hidden = config.hidden_size, inner = config.intermediate_size;
  const int64_t query = config.num_heads * config.head_dim, key_value = config.num_kv_heads * config.head_dim;
  builder.embedding = builder.Add("embedding.weight", {{"model.embed_tokens.weight", config.vocab_size}}, hidden);
  for (int64_t i = 0; i < config.num_layers; ++i) {
    const std::string slot = absl::StrCat("layers.", i, "."), hf = absl::StrCat("model.layers.", i, ".");
    const std::string attention = hf + "self_attn.", mlp = hf + "mlp.";
    const auto qkv = [&](absl::string_view what) {
      return std::vector<TensorSlot::Part>{{absl::StrCat(attention, "q_proj.", what), query},
                                           {absl::StrCat(attention, "k_proj.", what), key_value},
                                           {absl::StrCat(attention, "v_proj.", what), key_value}};
    };
    LayerSlots layer;
    layer.input_norm = builder.Add(slot + "input_norm.weight", {{hf + "input_layernorm.weight", hidden}});
    layer.qkv_weight = builder.Add(slot + "qkv.weight", qkv("weight"), hidden);
    if (config.qkv_bias) layer.qkv_bias = builder.Add(slot + "qkv.bias", qkv("bias"));
    if (config.qk_norm) {
      layer.qk_norm = builder.Add(slot + "qk_norm.weight",
                                  {{attention + "q_norm.weight", config.head_dim}, {attention + "k_norm.weight", config.head_dim}});
    }
    layer.o_weight = builder.Add(slot + "o.weight", {{attention + "o_proj.weight", hidden}}, query);
    layer.post_norm = builder.Add(slot + "post_norm.weight", {{hf + "post_attention_layernorm.weight", hidden}});
    layer.gate_up_weight = builder.Add(slot + "gate_up.weight", {{mlp + "gate_proj.weight", inner}, {mlp + "up_proj.weight", inner}}, hidden);
    layer.down_weight = builder.Add(slot + "down.weight", {{mlp + "down_proj.weight", hidden}}, inner);
    builder.layers.push_back(layer);
  }
  builder.final_norm = builder.Add("final_norm.weight", {{"model.norm.weight", hidden}});
  builder.lm_head = config.tie_word_embeddings ? builder.embedding : builder.Add("lm_head.weight", {{"lm_head.weight", config.vocab_size}}, hidden);
}

}  // namespace cohort::model
