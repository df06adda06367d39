#include "common/model/rotary_scaling.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"

namespace cohort::model {
namespace {

constexpr int64_t kMaxPositions = int64_t{1} << 30;

double Magnitude(double factor, double weight) { return factor <= 1 ? 1 : 0.1 * weight * std::log(factor) + 1; }

// As transformers infers it: from the factor, or as a quotient of two weighted forms of it (DeepSeek).
double AttentionFactor(JsonFields& rope, double factor) {
  if (rope.Has("attention_factor")) return rope.Positive("attention_factor");
  if (!rope.Has("mscale") || !rope.Has("mscale_all_dim")) return Magnitude(factor, 1);
  return Magnitude(factor, rope.Positive("mscale")) / Magnitude(factor, rope.Positive("mscale_all_dim"));
}

void ReadYarn(JsonFields& rope, RotaryScaling& scaling) {
  scaling.kind = RotaryScaling::Kind::kYarn;
  scaling.beta_fast = rope.Positive("beta_fast", 32);
  scaling.beta_slow = rope.Positive("beta_slow", 1);
  scaling.truncate = rope.Flag("truncate", true);
  scaling.attention_factor = AttentionFactor(rope, scaling.factor);
  if (scaling.beta_fast <= scaling.beta_slow) {
    rope.Fail("beta_fast", absl::StrCat("is ", scaling.beta_fast, ", not above beta_slow ", scaling.beta_slow));
  }
}

void ReadLlama3(JsonFields& rope, RotaryScaling& scaling) {
  scaling.kind = RotaryScaling::Kind::kLlama3;
  scaling.low_frequency_factor = rope.Positive("low_freq_factor");
  scaling.high_frequency_factor = rope.Positive("high_freq_factor");
  if (scaling.high_frequency_factor <= scaling.low_frequency_factor) {
    rope.Fail("high_freq_factor", absl::StrCat("is ", scaling.high_frequency_factor, ", not above low_freq_factor ", scaling.low_frequency_factor));
  }
}

}  // namespace

void ReadRotaryPositions(JsonFields& fields, int64_t max_positions, double& theta, RotaryScaling& scaling) {
  theta = fields.Positive("rope_theta", 1e4);
  for (const char* field : {"rope_scaling", "rope_parameters"}) {
    if (!fields.Has(field)) continue;
    const auto& object = fields.object().at(field);
    if (!object.is_object()) return fields.Fail(field, absl::StrCat("is ", object.dump(), "; expected an object"));
    JsonFields rope(fields.path(), object);
    theta = rope.Positive("rope_theta", theta);
    if (rope.Positive("partial_rotary_factor", 1) != 1) rope.Fail("partial_rotary_factor", "is not 1; Cohort turns whole heads");
    const std::string type = rope.Text("rope_type", rope.Text("type", "default"));
    if (type != "default") {
      scaling.factor = rope.Positive("factor", 1);
      scaling.original_positions = rope.Size("original_max_position_embeddings", kMaxPositions, max_positions);
      if (type == "llama3") {
        ReadLlama3(rope, scaling);
      } else if (type == "yarn") {
        ReadYarn(rope, scaling);
      } else {
        rope.Fail("rope_type", absl::StrCat("asks for '", type, "' scaling, which Cohort does not compute (it does llama3 and yarn); remove it to ",
                                            "use the plain positions"));
      }
    }
    if (!rope.status().ok()) return fields.Fail(field, absl::StrCat("is not usable: ", rope.status().message()));
  }
  if (theta <= 1) fields.Fail("rope_theta", absl::StrCat("is ", theta, "; expected a number above 1"));
}

}  // namespace cohort::model
