/* The C ABI of WebAI: every binding and every embedder goes through this one header. C99 to C++20.
 *
 * Rules for all functions. They return WEBAI_OK, a positive notice or a negative error. `err` may be NULL; otherwise
 * each call writes it: NULL on success, an owned error on failure. On failure every `out` is NULL. `out` values are
 * owned: release each once. Plain returned pointers are borrowed from their receiver. `destroy(user_data)` runs exactly once,
 * also when the call that received it fails. In structs and options, zero and NULL mean the default.
 *
 * Additions only: nothing in here changes its signature, meaning or number inside a major version. Functions that the
 * contract names and this release does not have yet are not declared; they will be added under their names. */
#ifndef WEBAI_WEBAI_H
#define WEBAI_WEBAI_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && defined(WEBAI_SHARED)
#if defined(WEBAI_BUILDING)
#define WEBAI_API __declspec(dllexport)
#else
#define WEBAI_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define WEBAI_API __attribute__((visibility("default")))
#else
#define WEBAI_API
#endif
#if defined(__GNUC__)
#define WEBAI_TRY WEBAI_API __attribute__((warn_unused_result)) webai_status
#else
#define WEBAI_TRY WEBAI_API webai_status
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t webai_status;                /* 0 OK, > 0 notice, < 0 error */
typedef struct webai_context webai_context;  /* an isolated runtime: registry, limits, devices */
typedef struct webai_value webai_value;      /* every other object that outlives a call */
typedef webai_value webai_error, webai_function, webai_tensor, webai_network, webai_dataset, webai_stream, webai_future,
    webai_promise, webai_cancel, webai_tape;
typedef struct webai_call webai_call;        /* frame of a running callback, borrowed */
typedef struct webai_task webai_task;        /* piece of work handed to the host, one shot */
struct DLManagedTensorVersioned;             /* from dlpack.h, not required */

typedef void (*webai_proc)(void);
typedef void (*webai_destroy)(void *user_data);
typedef void (*webai_done)(void *user_data, webai_status status, webai_value *result, webai_error *error);
typedef webai_status (*webai_callback)(void *user_data, webai_call *call, webai_value *const *args, size_t count,
                                       webai_value **result);

enum {
  WEBAI_OK = 0,
  WEBAI_PENDING = 1,
  WEBAI_END = 2,
  WEBAI_INVALID_ARGUMENT = -1,
  WEBAI_INVALID_JSON = -2,
  WEBAI_INVALID_MODEL = -3,
  WEBAI_TYPE_MISMATCH = -4,
  WEBAI_SHAPE_MISMATCH = -5,
  WEBAI_NOT_FOUND = -6,
  WEBAI_ALREADY_EXISTS = -7,
  WEBAI_UNSUPPORTED = -8,
  WEBAI_NOT_DIFFERENTIABLE = -9,
  WEBAI_LIMIT_EXCEEDED = -10,
  WEBAI_OUT_OF_MEMORY = -11,
  WEBAI_BUSY = -12,
  WEBAI_CANCELLED = -13,
  WEBAI_TIMED_OUT = -14,
  WEBAI_DEVICE_LOST = -15,
  WEBAI_HOST_ERROR = -16,
  WEBAI_SYMBOLIC = -17,
  WEBAI_WRONG_CONTEXT = -18,
  WEBAI_WRONG_THREAD = -19,
  WEBAI_DENIED = -20,
  WEBAI_SHUT_DOWN = -21,
  WEBAI_INTERNAL = -22
};
enum { /* kinds of values */
  WEBAI_NULL,
  WEBAI_BOOL,
  WEBAI_NUMBER,
  WEBAI_STRING,
  WEBAI_LIST,
  WEBAI_MAP,
  WEBAI_TENSOR,
  WEBAI_FUNCTION,
  WEBAI_HOST,
  WEBAI_NETWORK,
  WEBAI_DATASET,
  WEBAI_STREAM,
  WEBAI_FUTURE,
  WEBAI_PROMISE,
  WEBAI_CANCEL,
  WEBAI_TAPE,
  WEBAI_ERROR
};
enum { WEBAI_ANY_THREAD = 1, WEBAI_PURE = 2 };                            /* function flags */
enum { WEBAI_SANDBOXED = 1, WEBAI_DETERMINISTIC = 2, WEBAI_PRIVACY = 4 }; /* context flags */
enum { WEBAI_CPU = 1, WEBAI_VULKAN = 2, WEBAI_OPENCL = 4 };               /* backend bits */
#define WEBAI_NUL_TERMINATED ((size_t)-1)                                 /* as a text size */
#define WEBAI_FOREVER UINT32_MAX                                          /* as a timeout */

typedef struct webai_str { /* only in arrays */
  const char *data;
  size_t size;
} webai_str;

typedef struct webai_tensor_view { /* same layout as DLTensor of DLPack 1.x */
  void *data;
  int32_t device_type, device_id, ndim;
  uint8_t type_code, type_bits;
  uint16_t type_lanes;
  int64_t *shape, *strides;
  uint64_t byte_offset;
} webai_tensor_view;

typedef struct webai_limits { /* 0 = finite default, all ones = no limit */
  uint32_t struct_size, json_depth, rank, call_depth;
  uint64_t json_bytes, host_bytes, device_bytes, tensor_bytes, nodes, run_steps, pending;
} webai_limits;

typedef struct webai_host { /* a missing member: the C library's, or nothing where the context is sandboxed */
  uint32_t struct_size, dispatch_width;
  void *user_data;
  webai_destroy destroy;
  void *(*alloc)(void *user_data, size_t size, size_t align); /* NULL result = out of memory */
  void (*dealloc)(void *user_data, void *memory, size_t size, size_t align);
  void (*post)(void *user_data, webai_task *task);            /* run on the loop thread, in order */
  void (*dispatch)(void *user_data, webai_task *task);        /* run on any worker thread */
  void (*log)(void *user_data, int32_t level, const char *text, size_t size);
  double (*now)(void *user_data);                             /* monotonic milliseconds */
  int32_t (*entropy)(void *user_data, void *bytes, size_t size); /* 0 = filled */
  void (*fetch)(void *user_data, const char *url, size_t size, webai_promise *bytes);
} webai_host;

/* Log levels: 1 errors, 2 warnings (the default), 3 information, 4 detail, negative none. */
typedef struct webai_config {
  uint32_t struct_size, flags, backends, threads;
  int32_t log_level;
  uint32_t has_seed;
  uint64_t seed;
  const webai_limits *limits;
  const webai_host *host;
} webai_config;

/* 1 library */
WEBAI_API uint32_t webai_abi_version(void); /* major << 16 | minor */
WEBAI_API const char *webai_version(void);
WEBAI_API const char *webai_status_name(webai_status status);
WEBAI_API webai_proc webai_get_proc(const char *name); /* experimental entry points only */

/* 2 context */
WEBAI_TRY webai_context_create(const webai_config *config, webai_context **out, webai_error **err);
WEBAI_API void webai_context_shutdown(webai_context *ctx); /* cancels all; no callback starts afterwards */
WEBAI_API void webai_context_release(webai_context *ctx);  /* implies shutdown, accepts NULL */
WEBAI_API void webai_context_trim(webai_context *ctx);     /* drops caches under memory pressure */
/* Works on the loop thread for at most about timeout_ms; PENDING when unfinished operations are left. */
WEBAI_TRY webai_context_pump(webai_context *ctx, uint32_t timeout_ms, size_t *done);
WEBAI_TRY webai_context_stats(webai_context *ctx, webai_value **out, webai_error **err);
WEBAI_API void webai_task_run(webai_task *task); /* exactly once, even after shutdown */

/* 3 values */
WEBAI_API webai_value *webai_retain(webai_value *value);
WEBAI_API void webai_release(webai_value *value);
WEBAI_TRY webai_value_from_json(webai_context *ctx, const char *text, size_t size, webai_value *const *leaves,
                                size_t count, webai_value **out, webai_error **err);
WEBAI_TRY webai_value_to_json(webai_value *value, webai_value *opts, webai_value **out, webai_error **err);
WEBAI_TRY webai_value_number(webai_context *ctx, double number, webai_value **out);
WEBAI_TRY webai_value_string(webai_context *ctx, const char *text, size_t size, webai_value **out);
WEBAI_TRY webai_value_list(webai_context *ctx, webai_value *const *items, size_t count, webai_value **out);
WEBAI_TRY webai_value_map(webai_context *ctx, const webai_str *keys, webai_value *const *values, size_t count,
                          webai_value **out);
WEBAI_TRY webai_value_host(webai_context *ctx, void *pointer, webai_destroy destroy, webai_value **out);
WEBAI_API int32_t webai_value_kind(webai_value *value); /* a NULL pointer is WEBAI_NULL */
WEBAI_API size_t webai_value_size(webai_value *value);  /* items, bytes or tensor elements */
WEBAI_API webai_value *webai_value_at(webai_value *value, size_t index, const char **key, size_t *key_size);
WEBAI_API webai_value *webai_value_get(webai_value *map, const char *key, size_t size);
WEBAI_TRY webai_value_as_number(webai_value *value, double *out); /* also of booleans */
WEBAI_API const char *webai_value_as_string(webai_value *value, size_t *size);
WEBAI_API void *webai_value_as_host(webai_value *value);
WEBAI_API webai_status webai_error_status(webai_error *error);
WEBAI_API const char *webai_error_message(webai_error *error, size_t *size);

/* 4 tensors */
WEBAI_TRY webai_tensor_create(webai_context *ctx, const webai_tensor_view *view, webai_tensor **out, webai_error **err);
WEBAI_TRY webai_tensor_wrap(webai_context *ctx, const webai_tensor_view *view, void *user_data, webai_destroy destroy,
                            webai_tensor **out, webai_error **err);
WEBAI_TRY webai_tensor_get_view(webai_tensor *tensor, webai_tensor_view *out);
WEBAI_TRY webai_tensor_copy(webai_tensor *to, webai_tensor *from, webai_cancel *cancel, webai_future **out,
                            webai_error **err);
WEBAI_TRY webai_tensor_from_dlpack(webai_context *ctx, struct DLManagedTensorVersioned *in, webai_tensor **out,
                                   webai_error **err);
WEBAI_TRY webai_tensor_to_dlpack(webai_tensor *tensor, struct DLManagedTensorVersioned **out, webai_error **err);

/* 5 functions and callbacks */
WEBAI_TRY webai_function_create(webai_context *ctx, webai_callback fn, void *user_data, webai_destroy destroy,
                                uint32_t flags, webai_function **out);
WEBAI_TRY webai_function_call(webai_function *fn, webai_value *const *args, size_t count, webai_value **out,
                              webai_error **err);
/* The state that a stateful operation starts from: a map to hand in behind the other arguments, as often as wanted.
 * `args`, which may be none, are those of a first call. */
WEBAI_TRY webai_function_new_state(webai_function *fn, webai_value *const *args, size_t count, webai_value **out,
                                   webai_error **err);
WEBAI_API webai_context *webai_call_context(webai_call *call);
/* In the function of an operation: the tensor for its result, which is then not returned. SYMBOLIC while a graph is built. */
WEBAI_TRY webai_call_output(webai_call *call, size_t index, webai_tensor **borrowed);
/* A `cause` that is a map or an error may hold texts "expected", "actual" and "hint": the error that arrives says them. */
WEBAI_API webai_status webai_call_fail(webai_call *call, webai_status status, const char *text, size_t size,
                                       webai_value *cause);
WEBAI_TRY webai_call_defer(webai_call *call, webai_promise **out);
WEBAI_API void webai_promise_resolve(webai_promise *promise, webai_value *value);
WEBAI_API void webai_promise_reject(webai_promise *promise, webai_status status, const char *text, size_t size,
                                    webai_value *cause);

/* 6 futures, cancellation, streams */
WEBAI_TRY webai_future_wait(webai_future *future, uint32_t timeout_ms);
WEBAI_TRY webai_future_then(webai_future *future, webai_done done, void *user_data, webai_destroy destroy);
WEBAI_TRY webai_await(webai_future *consumed, webai_value **out, webai_error **err);
WEBAI_TRY webai_cancel_create(webai_context *ctx, webai_cancel **out);
WEBAI_API void webai_cancel_fire(webai_cancel *cancel);
WEBAI_API int32_t webai_cancel_fired(webai_cancel *cancel);
/* The next item. At its end a stream ends the future with END; one unfinished `next` at a time. */
WEBAI_TRY webai_stream_next(webai_stream *stream, webai_future **out, webai_error **err);

/* 7 registry */
WEBAI_TRY webai_get_capabilities(webai_context *ctx, webai_value *query, webai_future **out, webai_error **err);
/* A map of functions: called with tensors, numbers, texts, and behind them a map of others by name. */
WEBAI_TRY webai_get_operations(webai_context *ctx, webai_value *query, webai_future **out, webai_error **err);
/* {"domainName", "defaultDataType", "defaultOperationType", "defaultActivationType", "explicitBatch"} */
WEBAI_TRY webai_define_domain(webai_context *ctx, webai_value *description, webai_error **err);
/* {"name", "domain", "dataType", "model": {"defineParams", "callWith", ...}, "initState"}, and a function of the values that
 * callWith names. A PURE one without gradient is tried with values that have no data yet: what it calls with them
 * becomes the operation. Other ones are called with tensors, once for each sample of each run. Without a function the
 * description has a "body" of steps. */
WEBAI_TRY webai_define_operation(webai_context *ctx, webai_value *description, webai_function *operation,
                                 webai_function *gradient, webai_error **err);
/* {"name", "domain", "variant", "callWith"} */
WEBAI_TRY webai_define_operation_variant(webai_context *ctx, webai_value *description, webai_function *operation,
                                         webai_error **err);
/* {"name", "domain"} each; then `to` of export and `type` of run, train and verify name them. The network that they get is
 * good for the call: what is asked of it is done at once, and futures are finished. */
WEBAI_TRY webai_define_export(webai_context *ctx, webai_value *description, webai_function *fn, webai_error **err);
WEBAI_TRY webai_define_run(webai_context *ctx, webai_value *description, webai_function *fn, webai_error **err);
WEBAI_TRY webai_define_train(webai_context *ctx, webai_value *description, webai_function *fn, webai_error **err);
WEBAI_TRY webai_define_verify(webai_context *ctx, webai_value *description, webai_function *fn, webai_error **err);

/* 8 datasets */
WEBAI_TRY webai_dataset_from(webai_context *ctx, webai_value *source, webai_value *opts, webai_dataset **out,
                             webai_error **err);
WEBAI_TRY webai_dataset_map(webai_dataset *dataset, webai_function *fn, webai_dataset **out, webai_error **err);
WEBAI_TRY webai_dataset_shuffle(webai_dataset *dataset, size_t buffer_size, webai_dataset **out, webai_error **err);
WEBAI_TRY webai_dataset_batch(webai_dataset *dataset, size_t batch_size, webai_dataset **out, webai_error **err);
WEBAI_TRY webai_dataset_prefetch(webai_dataset *dataset, size_t count, webai_dataset **out, webai_error **err);
WEBAI_TRY webai_dataset_slice(webai_dataset *dataset, webai_value *opts, webai_dataset **out,
                              webai_error **err); /* skip, take, repeat, split, part */
/* Items {"input", "output"}: samples, or batches where the dataset makes such. Each call begins the next epoch: a shuffle
 * gives another order, in the same succession for every dataset that is made so. */
WEBAI_TRY webai_dataset_iterate(webai_dataset *dataset, webai_cancel *cancel, webai_stream **out, webai_error **err);

/* 9 networks */
WEBAI_TRY webai_network_create(webai_context *ctx, webai_value *model, webai_network **out, webai_error **err);
WEBAI_TRY webai_network_compile(webai_network *net, webai_value *opts, webai_cancel *cancel, webai_future **out,
                                webai_error **err);
WEBAI_TRY webai_network_describe(webai_network *net, webai_value **out, webai_error **err);
WEBAI_TRY webai_network_run(webai_network *net, webai_value *in, webai_value *into, webai_value *opts,
                            webai_cancel *cancel, webai_future **out, webai_error **err);
WEBAI_TRY webai_network_run_now(webai_network *net, webai_value *in, webai_value *into, webai_value *opts,
                                webai_cancel *cancel, webai_value **out, webai_error **err);
/* Items are results of single steps; with the option "generate" {"token", "index"}. */
WEBAI_TRY webai_network_run_stream(webai_network *net, webai_value *in, webai_value *opts, webai_cancel *cancel,
                                   webai_stream **out, webai_error **err);
WEBAI_TRY webai_network_train(webai_network *net, webai_value *data, webai_value *opts, webai_cancel *cancel,
                              webai_future **out, webai_error **err);
WEBAI_API void webai_network_stop_training(webai_network *net);
WEBAI_TRY webai_network_verify(webai_network *net, webai_value *data, webai_value *opts, webai_cancel *cancel,
                               webai_future **out, webai_error **err);
WEBAI_TRY webai_network_compute_gradients(webai_network *net, webai_value *batch, webai_value *opts,
                                          webai_cancel *cancel, webai_future **out, webai_error **err);
WEBAI_TRY webai_network_apply_gradients(webai_network *net, webai_value *gradients, webai_value *opts,
                                        webai_cancel *cancel, webai_future **out, webai_error **err);
WEBAI_TRY webai_network_reset(webai_network *net, webai_error **err);
WEBAI_TRY webai_network_get_state(webai_network *net, webai_value **out, webai_error **err);
WEBAI_TRY webai_network_set_state(webai_network *net, webai_value *state, webai_error **err); /* NULL resets */
WEBAI_TRY webai_network_get_parameters(webai_network *net, webai_value **out, webai_error **err);
WEBAI_TRY webai_network_set_parameters(webai_network *net, webai_value *parameters, webai_error **err);
WEBAI_TRY webai_network_export(webai_network *net, webai_value *opts, webai_cancel *cancel, webai_future **out,
                               webai_error **err);
/* Records of a list as one tensor; of a dataset as a stream of tensors, each of "samples" samples (1024). */
WEBAI_TRY webai_network_prepare_data(webai_network *net, webai_value *items, webai_value *opts, webai_value **out,
                                     webai_error **err);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif
