#pragma once

#include <string_view>

#include "cohort/reward/v1/reward_service.pb.h"

namespace cohort::reward {

// How many of the template's tags are where they belong: (right tags) / (tags of the template), in [0, 1]. A tag is right when it stands exactly once and
// behind the right ones before it; a prefilled <think> is right when it does not stand there. 0 when something imitates a tag, and for templates without
// tags. A step towards the format for a policy that does not have it yet. `text` is valid UTF-8. A pure function of linear time.
double TagCount(std::string_view text, v1::Template shape, bool think_prefilled);

}  // namespace cohort::reward
