// The first half of the random models of each run of the tests, and thousands where there is time.
#include "network/random_models.h"

using namespace webai::test;

TEST_CASE("A-51 random models compute the same bits as given, pretty and minified") { check_models(1, 250); }

TEST_CASE("A-51 ten thousand random models compute the same bits in every spelling", "[.][long]") {
  check_models(501, 10000);
}
