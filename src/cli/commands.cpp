// The table of commands: one row each.
#include "cli/commands.h"

namespace webai::cli {
namespace {

constexpr CommandEntry table[] = {
    {"train", "Train a model on data, write it, draw the curves",
     "  webai train iris.json --data \"csv:iris.csv?target=species\" --out trained.json \\\n"
     "    --option maxIterations=200 --option learningRate=0.1 --plot curves.svg\n"
     "Data: idx:IMAGES,LABELS   csv:FILE?target=COLUMN   npy:X,Y   json:FILE   sample:xor|spirals|sine\n"
     "  webai train net.json --data csv:FILE --checkpoint net.checkpoint --every 5      (and --resume to go on)\n"
     "Ctrl-C ends training after the current batch and still writes --out and --checkpoint.\n"
     "Options, as --option KEY=VALUE or in --options FILE:\n"
     "  when to stop    maxIterations=100   errorThreshold=0.5   timeout=60000 (ms)\n"
     "                  errorThresholdUnit=percent (where the error is bounded) or raw (cross-entropy)\n"
     "                  validationSplit=0.2   patience=10   minDelta=0.001   restoreBest=false\n"
     "  error           errorMeasureType=cross-entropy   (mean-square, mean-absolute, root-mean-square,\n"
     "                  binary-cross-entropy, huber, hinge, kl, cosine)\n"
     "  optimizer       optimizer=adam   (sgd, momentum, nesterov, adamw, adamax, rmsprop, adagrad, adadelta,\n"
     "                  lion, lamb)   learningRate=0.01   momentum=0.9   weightDecay=0.0001   nesterov=true\n"
     "                  dampening=0.1   beta1=0.9   beta2=0.999   rho=0.9   epsilon=1e-7   amsgrad=true\n"
     "                  centered=true   learningRateDecay=0.001   initialAccumulator=0.1\n"
     "  rate            learningRateSchedule=cosine   (constant, linear, step, exponential, plateau)\n"
     "                  'learningRateSchedule={\"type\": \"step\", \"every\": 10, \"factor\": 0.5, \"warmupSteps\": 100}'\n"
     "                  'learningRateSchedule={\"type\": \"plateau\", \"patience\": 3, \"minDelta\": 0.001, \"minimum\": 1e-6}'\n"
     "                  'learningRateSchedule={\"type\": \"linear\", \"warmupEpochs\": 2}'\n"
     "  batches         batchSize=32   accumulate=4   clipNorm=1   clipValue=0.5\n"
     "  classes         'classWeights=[1, 5]'   'classWeights={\"rare\": 5}'   accuracy=false\n"
     "  layers          'toTrain=[\"hidden\"]'   'toSkip=[\"hidden\"]'\n"
     "  checkpoints     checkpoint=FILE   checkpointEvery=5   resume=true\n"
     "  progress        logPeriod=10 (epochs)   logPeriod=500ms",
     make_train},
    {"run", "Run a model once, or answer one job per line",
     "  webai run trained.json --input \"[5.1, 3.5, 1.4, 0.2]\"\n"
     "  webai run clothing.json --input picture.png --json\n"
     "  webai run net.json --input image=x.npy --output y.npy\n"
     "  echo '{\"id\": 1, \"model\": \"net.json\", \"inputs\": {\"image\": \"x.npy\"}}' | webai run --lines",
     make_run},
    {"verify", "Measure a model on data: error, accuracy, confusion matrix",
     "  webai verify trained.json --data \"csv:iris.csv?target=species\"", make_verify},
    {"info", "Show a model's layers, shapes, parameters and cost",
     "  webai info clothing.json\n"
     "A row is a layer or a pipe:\n"
     "  its name or number   3/0 is the first pipe of layer 3, 2 > 1 is layer 1 of the net in layer 2, counted there\n"
     "  its type             of an input the name\n"
     "  8 -> 10              how many numbers of a sample go in and come out\n"
     "  its activation, its parameters (what training changes) and their bytes\n"
     "  what is not plain    where its values come from if not from the row above, and go if not to the row below;\n"
     "                       what it keeps for the next run; the steps of an iterator\n"
     "The last line is the whole model: a FLOP is one addition, multiplication or the like, a run takes one sample.",
     make_info},
    {"inspect", "Show a model's graph, after each pass if wanted, and where each node runs",
     "  webai inspect clothing.json --passes\n"
     "  webai inspect clothing.json --dot graph.dot && dot -Tsvg graph.dot > graph.svg\n"
     "Words of the graph:\n"
     "  %7: fp32[4, 8]   the value with the number 7: 4 samples of 8 numbers\n"
     "  @ \"/layers/1\"    for the layer that stands there in the model\n"
     "  state, write     what is kept for the next run; the value that it becomes\n"
     "  chain            steps computed in one go; (0, 3) are what one takes: inputs first, then earlier steps\n"
     "  on reference     by plain code, where a device has none of its own",
     make_inspect},
    {"convert", "Write a model in another form",
     "  webai convert net.json readable.json --to pretty --option setupDataAs=array", make_convert},
    {"bench", "Time a model: latency, samples per second, memory",
     "  webai bench clothing.json --batch 32 --threads 2\n"
     "  webai bench clothing.json --batch 32 --train --option optimizer=adam --json",
     make_bench},
    {"devices", "List devices: data types, memory, why an absent one is absent", "  webai devices", make_devices},
    {"ops", "List the layers and operators a model may use, or explain one",
     "  webai ops\n  webai ops conv2d", make_ops},
    {"schema", "Print the model language as a JSON schema, for editors and validators",
     "  webai schema > webai.schema.json", make_schema},
};

}  // namespace

std::span<const CommandEntry> commands() { return table; }

}  // namespace webai::cli
