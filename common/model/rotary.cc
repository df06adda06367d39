#include "common/model/rotary.h"

#include <algorithm>
#include <cmath>

#include "common/math/scalar_math.h"

namespace cohort::model {
namespace {

constexpr double kTwoPi = 6.283185307179586;

float Power(double base, float exponent) { return static_cast<float>(math::Exp(math::Log(base) * static_cast<double>(exponent))); }

// Llama 3: long wavelengths are stretched by the factor, short ones stay, those between are blended.
float Llama3Frequency(const RotaryScaling& scaling, float frequency) {
  const double original = static_cast<double>(scaling.original_positions), wavelength = kTwoPi / frequency;
  if (wavelength < original / scaling.high_frequency_factor) return frequency;
  if (wavelength > original / scaling.low_frequency_factor) return static_cast<float>(frequency / scaling.factor);
  const double kept =
      (original / wavelength - scaling.low_frequency_factor) / (scaling.high_frequency_factor - scaling.low_frequency_factor);
  return static_cast<float>((1 - kept) * frequency / scaling.factor + kept * frequency);
}

// YaRN (arXiv 2309.00071): pairs that turn often within the original context stay, those that turn less than once are stretched, a ramp lies between.
class YarnRamp {
 public:
  YarnRamp(const RotaryScaling& scaling, double theta, int64_t head_dim) : factor_(scaling.factor) {
    const auto pair_of = [&](double turns) {
      return static_cast<double>(head_dim) * math::Log(static_cast<double>(scaling.original_positions) / (turns * kTwoPi)) / (2 * math::Log(theta));
    };
    double low = pair_of(scaling.beta_fast), high = pair_of(scaling.beta_slow);
    if (scaling.truncate) low = std::floor(low), high = std::ceil(high);
    low_ = std::max(low, 0.0);
    high_ = std::min(high, static_cast<double>(head_dim - 1));
    if (low_ == high_) high_ += 0.001;
  }

  // In fp32 and in this order, as transformers does: hundreds of positions multiply what a last bit of the frequency differs.
  float Frequency(int64_t pair, float frequency) const {
    const float ramp = std::clamp((static_cast<float>(pair) - static_cast<float>(low_)) / static_cast<float>(high_ - low_), 0.0f, 1.0f);
    const float kept = 1 - ramp;
    return frequency / static_cast<float>(factor_) * (1 - kept) + frequency * kept;
  }

 private:
  double factor_, low_, high_;
};

}  // namespace

Rotary::Rotary(const ModelConfig& config) {
  for (int64_t pair = 0; pair < config.head_dim / 2; ++pair) {
    frequencies.push_back(1.0f / Power(config.rope_theta, static_cast<float>(2 * pair) / static_cast<float>(config.head_dim)));
  }
  const RotaryScaling& scaling = config.rotary_scaling;
  if (scaling.kind == RotaryScaling::Kind::kLlama3) {
    for (float& frequency : frequencies) frequency = Llama3Frequency(scaling, frequency);
  } else if (scaling.kind == RotaryScaling::Kind::kYarn) {
    const YarnRamp ramp(scaling, config.rope_theta, config.head_dim);
    for (size_t pair = 0; pair < frequencies.size(); ++pair) frequencies[pair] = ramp.Frequency(static_cast<int64_t>(pair), frequencies[pair]);
    stretch = static_cast<float>(scaling.attention_factor);
  }
}

void Rotary::FillTables(int64_t positions, float* cosines, float* sines) const {
  for (int64_t position = 0; position < positions; ++position) {
    for (const float frequency : frequencies) {
      const math::SineAndCosine value = math::SinCos(static_cast<float>(position) * frequency);
      *cosines++ = static_cast<float>(value.cosine) * stretch;
      *sines++ = static_cast<float>(value.sine) * stretch;
    }
  }
}

}  // namespace cohort::model
