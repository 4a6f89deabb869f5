// The table of commands: one row each.
#include "cli/commands.h"

namespace webai::cli {
namespace {

constexpr CommandEntry table[] = {
    {"train", "Train a model on data, write it, draw the curves",
     "  webai train iris.json --data \"csv:iris.csv?target=species\" --out trained.json \\\n"
     "    --option maxIterations=200 --option learningRate=0.1 --plot curves.svg\n"
     "Data: idx:IMAGES,LABELS   csv:FILE?target=COLUMN   npy:X,Y   json:FILE   sample:xor|spirals|sine\n"
     "Ctrl-C ends training after the current batch and still writes --out.",
     make_train},
    {"run", "Run a model once, or answer one job per line",
     "  webai run trained.json --input \"[5.1, 3.5, 1.4, 0.2]\"\n"
     "  webai run clothing.json --input picture.png --json\n"
     "  webai run net.json --input image=x.npy --output y.npy\n"
     "  echo '{\"id\": 1, \"model\": \"net.json\", \"inputs\": {\"image\": \"x.npy\"}}' | webai run --lines",
     make_run},
    {"verify", "Measure a model on data: error, accuracy, confusion matrix",
     "  webai verify trained.json --data \"csv:iris.csv?target=species\"", make_verify},
    {"info", "Show a model's layers, shapes, parameters and cost", "  webai info clothing.json", make_info},
    {"inspect", "Show a model's graph, after each pass if wanted, and where each node runs",
     "  webai inspect clothing.json --passes\n"
     "  webai inspect clothing.json --dot graph.dot && dot -Tsvg graph.dot > graph.svg",
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
};

}  // namespace

std::span<const CommandEntry> commands() { return table; }

}  // namespace webai::cli
