/* Learns the exclusive or through the C ABI, and says what it thinks of (1, 0). */
#include <stdio.h>
#include <webai/webai.h>

static webai_status json(webai_context *c, const char *text, webai_value **out, webai_error **err) {
  return webai_value_from_json(c, text, WEBAI_NUL_TERMINATED, NULL, 0, out, err);
}

static webai_status learn_xor(double *answer, webai_error **err) {
  webai_config config = {.struct_size = sizeof config}; /* CPU, all its cores, finite limits */
  webai_context *c = NULL;
  webai_future *job = NULL;
  webai_tensor_view view;
  webai_value *model = NULL, *data = NULL, *opts = NULL, *net = NULL, *info = NULL, *in = NULL, *out = NULL;
  webai_status s = webai_context_create(&config, &c, err);
  if (!s) s = json(c, "{\"layers\":[2,3,1],\"activation\":\"tanh\"}", &model, err);
  if (!s) s = json(c, "[[[0,0],[0]],[[0,1],[1]],[[1,0],[1]],[[1,1],[0]]]", &data, err);
  if (!s) s = json(c, "{\"errorThreshold\":0.05,\"maxIterations\":20000}", &opts, err);
  if (!s) s = json(c, "[1,0]", &in, err);
  if (!s) s = webai_network_create(c, model, &net, err);
  if (!s) s = webai_network_train(net, data, opts, NULL, &job, err);
  if (!s) s = webai_await(job, &info, err); /* works on this thread; consumes job */
  if (!s) s = webai_network_run_now(net, in, NULL, NULL, NULL, &out, err);
  if (!s) s = webai_tensor_get_view(out, &view);
  if (!s) *answer = ((const float *)view.data)[0];
  webai_release(out);
  webai_release(info);
  webai_release(net);
  webai_release(in);
  webai_release(opts);
  webai_release(data);
  webai_release(model);
  webai_context_release(c);
  return s; /* the caller releases *err when s < 0 */
}

int main(void) {
  double answer = 0;
  webai_error *err = NULL;
  webai_status s = learn_xor(&answer, &err);
  if (s) {
    fprintf(stderr, "xor: %s\n", err ? webai_error_message(err, NULL) : webai_status_name(s));
    webai_release(err);
    return 1;
  }
  printf("1 xor 0 = %.3f\n", answer);
  return 0;
}
