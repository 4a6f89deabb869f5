/* Defines an operation of its own through the C ABI, uses it in a model and trains it. The operation is a function of
 * values without numbers: what it calls with them is the operation, so it has a gradient and runs on every device. */
#include <stdio.h>
#include <webai/webai.h>

static webai_status json(webai_context *c, const char *text, webai_value **out, webai_error **err) {
  return webai_value_from_json(c, text, WEBAI_NUL_TERMINATED, NULL, 0, out, err);
}

static webai_value *named(webai_value *map, const char *name) { return webai_value_get(map, name, WEBAI_NUL_TERMINATED); }

/* x * sigmoid(x); `operations` are those of the library. */
static webai_status swish(void *operations, webai_call *call, webai_value *const *args, size_t count,
                          webai_value **result) {
  webai_value *pair[2] = {args[0], NULL};
  webai_error *error = NULL;
  webai_status s = webai_function_call(named(operations, "sigmoid"), args, count, &pair[1], &error);
  if (!s) s = webai_function_call(named(operations, "mul"), pair, 2, result, &error);
  if (s) s = webai_call_fail(call, s, webai_error_message(error, NULL), WEBAI_NUL_TERMINATED, error);
  webai_release(error);
  webai_release(pair[1]);
  return s;
}

static void let_go(void *operations) { webai_release(operations); }

static webai_status define_swish(webai_context *c, webai_error **err) {
  webai_value *domain = NULL, *description = NULL, *operations = NULL, *function = NULL;
  webai_future *job = NULL;
  webai_status s = json(c, "{\"domainName\":\"mine\",\"defaultDataType\":\"fp32\"}", &domain, err);
  if (!s) s = webai_define_domain(c, domain, err);
  if (!s) s = json(c, "{\"name\":\"swish\",\"domain\":\"mine\",\"model\":{\"isActivation\":true}}", &description, err);
  if (!s) s = webai_get_operations(c, NULL, &job, err);
  if (!s) s = webai_await(job, &operations, err);
  /* From here on the function keeps the operations; let_go is called once, also when the call fails. */
  if (!s) s = webai_function_create(c, swish, operations, let_go, WEBAI_ANY_THREAD | WEBAI_PURE, &function);
  if (!s) s = webai_define_operation(c, description, function, NULL, err);
  webai_release(function);
  webai_release(description);
  webai_release(domain);
  return s;
}

static webai_status learn(webai_context *c, double *answer, webai_error **err) {
  webai_future *job = NULL;
  webai_tensor_view view;
  webai_value *model = NULL, *data = NULL, *opts = NULL, *net = NULL, *info = NULL, *in = NULL, *out = NULL;
  webai_status s = json(c, "{\"layers\":[2,{\"size\":8,\"activation\":\"mine#swish\"},{\"size\":1,\"activation\":\"sigmoid\"}]}",
                        &model, err);
  if (!s) s = json(c, "[[[0,0],[0]],[[0,1],[1]],[[1,0],[1]],[[1,1],[0]]]", &data, err);
  if (!s) s = json(c, "{\"optimizer\":\"adam\",\"learningRate\":0.05,\"maxIterations\":1000}", &opts, err);
  if (!s) s = json(c, "[1,0]", &in, err);
  if (!s) s = webai_network_create(c, model, &net, err);
  if (!s) s = webai_network_train(net, data, opts, NULL, &job, err);
  if (!s) s = webai_await(job, &info, err);
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
  return s;
}

int main(void) {
  webai_config config = {.struct_size = sizeof config}; /* CPU, all its cores, finite limits */
  webai_context *c = NULL;
  webai_error *err = NULL;
  double answer = 0;
  webai_status s = webai_context_create(&config, &c, &err);
  if (!s) s = define_swish(c, &err);
  if (!s) s = learn(c, &answer, &err);
  if (s) {
    fprintf(stderr, "operation: %s\n", err ? webai_error_message(err, NULL) : webai_status_name(s));
    webai_release(err);
  } else {
    printf("1 xor 0 = %.3f\n", answer);
  }
  webai_context_release(c); /* lets go of what was defined */
  return s ? 1 : 0;
}
