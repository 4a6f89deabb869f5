// The second half of the random models: a test of its own, since sanitizers take their time.
#include "network/random_models.h"

using namespace webai::test;

TEST_CASE("A-51 random models too, of the second half, compute the same bits as given, pretty and minified") { check_models(251, 250); }
