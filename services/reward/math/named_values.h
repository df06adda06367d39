#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Answers that give names their values: x = 5; x = 2 or x = 3; x = 1, y = 2; (x, y) = (1, 2); x_1 = 3, x_2 = -3.

// Whether it gives values to one name, or to one tuple of names, so that the values alone say the same.
bool HasName(View view);

// What an assignment assigns where the other side has no name, also in every member of a list; `out` holds what has to be made.
std::optional<View> ValueOf(View view, Ast& out);

// "x = 1, 0" as "x = 1 or x = 0"; nullopt for everything that is no name with several values.
std::optional<View> NamedValues(View view, Ast& out);

// Whether letters that follow each other in the alphabet stand the other way round, or one stands twice: (y, x) = (1, 2) is not the point (1, 2).
bool IsOutOfOrder(View names);

// A list of assignments: x = 1, y = 2.
bool IsSystem(View view);

// "(y, x) = (2, 1)" against "x = 1, y = 2" or another such tuple: by the names. nullopt when neither is such a tuple, or one is something else.
std::optional<Decision> CompareNamedValues(View a, View b, const Context& context);

// x = 1, y = 2 against (1, 2): the values in the order of their names.
Decision CompareSystemWithTuple(View system, View tuple, const Context& context);

// x_1 = 3, x_2 = -3 against x = ±3: numbers at a letter count the solutions of one unknown. nullopt for everything else.
std::optional<Decision> CompareNumberedSolutions(View a, View b, const Context& context);

}  // namespace cohort::reward::math
