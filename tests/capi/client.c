/* A plain C program: compiled as C99 without a warning, linked with the shared library, run as a test. */
#include <stdio.h>
#include <string.h>
#include <webai/webai.h>

static webai_status only_lower(void *user, webai_call *call, webai_value *const *args, size_t count,
                               webai_value **result) {
  double value, limit;
  webai_status s;
  (void)user;
  (void)count;
  if ((s = webai_value_as_number(args[0], &value)) || (s = webai_value_as_number(args[1], &limit))) return s;
  return webai_value_number(webai_call_context(call), value < limit ? value : 0, result);
}

int main(void) {
  webai_config config = {sizeof config, 0, 0, 1, 0, 0, 0, NULL, NULL};
  webai_context *c = NULL;
  webai_error *err = NULL;
  webai_value *list = NULL, *text = NULL, *function = NULL, *out = NULL, *args[2];
  double answer = 0;
  webai_status s = webai_context_create(&config, &c, &err);
  if (!s) s = webai_value_from_json(c, "[3, 5]", WEBAI_NUL_TERMINATED, NULL, 0, &list, &err);
  if (!s) s = webai_value_to_json(list, NULL, &text, &err);
  if (!s && strcmp(webai_value_as_string(text, NULL), "[3,5]") != 0) s = WEBAI_INTERNAL;
  if (!s) s = webai_function_create(c, only_lower, NULL, NULL, WEBAI_ANY_THREAD | WEBAI_PURE, &function);
  if (!s) {
    args[0] = webai_value_at(list, 0, NULL, NULL);
    args[1] = webai_value_at(list, 1, NULL, NULL);
    s = webai_function_call(function, args, 2, &out, &err);
  }
  if (!s) s = webai_value_as_number(out, &answer);
  if (s) fprintf(stderr, "%s: %s\n", webai_status_name(s), webai_error_message(err, NULL));
  webai_release(err);
  webai_release(out);
  webai_release(function);
  webai_release(text);
  webai_release(list);
  webai_context_release(c);
  return s || answer != 3;
}
