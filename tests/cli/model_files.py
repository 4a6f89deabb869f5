#!/usr/bin/env python3
"""What commands tell and make of a model file, and which devices and operators there are."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SANITIZED, XOR, CommandTest


class Look(CommandTest):
    def test_verify_counts_right_and_wrong(self):
        self.write("net.json", '{"layers": [2, {"size": 2, "weights": [[1, 0], [0, 1]], "bias": 0, "activation": "softmax"}]}')
        self.write("data.csv", "1,0,0\n0,1,1\n0,1,0\n1,0,0\n")
        result = self.works("verify", "net.json", "--data", "csv:data.csv?target=3", "--json").json
        self.assertEqual(result["confusion"], [[2, 1], [0, 1]])
        self.assertEqual(result["accuracy"], 0.75)
        text = self.works("verify", "net.json", "--data", "csv:data.csv?target=3").out
        self.assertIn("accuracy 75.0 %", text)
        self.assertIn("66.7 %", text)
        self.write("codes.json", '{"dataType": "u8", "layers": [2, {"size": 2, "weights": [[1, 0], [0, 1]], "bias": 0, "activation": "softmax"}], '
                   '"io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["cat", "dog"]}}}}')
        self.assertRegex(self.works("run", "codes.json", "--input", "[1, 0]").out, r"^looks like: cat \(0\.73\), dog \(0\.27\)")
        squares = self.works("verify", "net.json", "--data", "csv:data.csv?target=3", "--option", "errorMeasureType=mean-square", "--json")
        self.assertNotEqual(squares.json["error"], result["error"])

    def test_info_shows_rows_and_totals(self):
        self.write("net.json", '{"layers": [784, {"size": 128, "activation": "tanh"}, {"size": 10, "activation": "softmax"}]}')
        text = self.works("info", "net.json").out
        self.assertRegex(text, r"1 +neurons +784 -> 128 +tanh +100,480 parameters +392 kB")
        self.assertRegex(text, r"output +neurons +128 -> 10 +softmax +1,290 parameters")
        self.assertIn("101,770 parameters, 0.20 MFLOP a run, 398 kB in fp32, ", text)
        result = self.works("info", "net.json", "--json").json
        self.assertEqual(result["parameters"], 101770)
        self.assertEqual([row["output"] for row in result["layers"]], [[784], [128], [10]])

    def test_inspect_shows_passes_places_and_a_graph_for_graphviz(self):
        self.write("xor.json", XOR)
        text = self.works("inspect", "xor.json", "--passes", "--dot", "graph.dot").out
        for word in ["specialise", "fuse", "place", "matmul", "on cpu", "/layers/1"]:
            self.assertIn(word, text)
        dot = (self.folder / "graph.dot").read_text()
        self.assertTrue(dot.startswith("digraph"))
        self.assertIn("matmul", dot)
        self.assertEqual(dot.count("{"), dot.count("}"))

    def test_convert_keeps_the_model_and_can_spell_out_its_weights(self):
        self.write("xor.json", XOR)
        self.works("convert", "xor.json", "pretty.json", "--to", "pretty")
        self.assertEqual(self.read_json("pretty.json"), json.loads(XOR))
        self.assertIn("\n", (self.folder / "pretty.json").read_text().strip())
        self.trained_xor()
        self.works("convert", "trained.json", "arrays.json", "--option", "setupDataAs=array")
        self.assertIsInstance(self.read_json("arrays.json")["setup"]["data"], list)
        runs = [self.works("run", name, "--input", "[0, 1]").out for name in ["trained.json", "arrays.json"]]
        self.assertEqual(runs[0], runs[1])

    def test_convert_minifies_spells_out_and_splits(self):
        self.trained_xor()
        for form in ["minify", "pretty"]:
            self.works("convert", "trained.json", form + ".json", "--to", form)
        self.assertIn("weights", self.read_json("pretty.json")["layers"][1])
        self.assertEqual(self.read_json("minify.json")["layers"], [2, 3, 1])
        self.works("convert", "trained.json", "front.json", "--option", "layers=0:1")
        self.works("convert", "trained.json", "back.json", "--option", "layers=2:2")
        middle = self.works("run", "front.json", "--input", "[0, 1]").out
        runs = [self.works("run", *arguments).out for arguments in [
            ("trained.json", "--input", "[0, 1]"), ("minify.json", "--input", "[0, 1]"), ("pretty.json", "--input", "[0, 1]"),
            ("back.json", "--input", middle)]]
        self.assertEqual(runs[:3], runs[:1] * 3)
        self.assertAlmostEqual(json.loads(runs[3])[0], json.loads(runs[0])[0], places=4)
        self.fails("convert", "trained.json", "x.json", "--option", "layers=5:6", says=["5", "index from 0 to 2"])

    def test_convert_puts_weights_into_a_file_and_takes_them_back(self):
        self.trained_xor()
        answer = self.works("run", "trained.json", "--input", "[1, 0]").out
        (self.folder / "out").mkdir()
        said = self.works("convert", "trained.json", "out/net.json", "--weights", "net.weights").out
        self.assertIn("out/net.weights", said)
        model = self.read_json("out/net.json")
        self.assertEqual(model["setup"]["data"]["file"], "net.weights")
        self.assertEqual((self.folder / "out/net.weights").stat().st_size, model["setup"]["data"]["bytes"])
        self.assertEqual(self.works("run", "out/net.json", "--input", "[1, 0]").out, answer)
        self.works("convert", "out/net.json", "whole.json")  # elsewhere the name would mean nothing
        self.assertEqual(self.works("run", "whole.json", "--input", "[1, 0]").out, answer)
        self.works("convert", "trained.json", "small.json", "--to", "minify", "--option", "setupDataAs=file")
        self.assertEqual(self.works("run", "small.json", "--input", "[1, 0]").out, answer)
        self.fails("convert", "trained.json", "-", "--weights", "w", says="stand beside", status=2)
        self.fails("convert", "trained.json", "x.json", "--weights", "../w", says="leads out of the model's folder")
        self.assertFalse((self.folder / "x.json").exists())
        (self.folder / "out/net.weights").unlink()
        self.fails("run", "out/net.json", "--input", "[1, 0]", says=["out/net.json: /setup/data", "net.weights"])

    def test_convert_writes_programs(self):
        self.trained_xor()
        for name, word in [("net.py", "def run(x):"), ("net.c", "void tiny_run(const float *input, float *output)"), ("net.mjs", "export function tiny(input)")]:
            self.works("convert", "trained.json", name, "--option", "name=tiny")
            self.assertIn(word, (self.folder / name).read_text())
        self.works("convert", "trained.json", "small.c", "--option", "weights=u8")
        self.fails("convert", "trained.json", "net.py", "--option", "weights=u8", says="programs in C")

    def test_bench_measures_runs_and_steps(self):
        self.write("xor.json", XOR)
        fields = {"model", "device", "threads", "batch", "median_ms", "p99_ms", "min_ms", "samples_per_s", "gflops_per_s",
                  "load_ms", "first_ms", "peak_rss_mb", "runs"}
        for extra in [[], ["--train", "--option", "optimizer=adam"]]:
            result = self.works("bench", "xor.json", "--batch", "4", "--threads", "1", "--seconds", "0.1", "--json", *extra).json
            self.assertLessEqual(fields, set(result))
            self.assertGreater(result["runs"], 4)
            self.assertLessEqual(result["min_ms"], result["median_ms"])
            self.assertLessEqual(result["median_ms"], result["p99_ms"])
            self.assertEqual((result["threads"], result["batch"]), (1, 4))
        self.assertIn("samples/s", self.works("bench", "xor.json", "--seconds", "0.05").out)

    def test_bench_profiles_nodes(self):
        self.write("net.json", '{"layers": [256, {"size": 192, "activation": "tanh"}, {"size": 10, "activation": "softmax"}]}')
        for extra, fewest in [([], 3), (["--train"], 6)]:
            arguments = ["bench", "net.json", "--batch", "64", "--threads", "1", "--seconds", "0.1", "--profile", *extra]
            result = self.works(*arguments, "--json").json
            profile = result["profile"]
            if not SANITIZED:
                self.assertLess(result["peak_rss_mb"], 128)  # the calibration's copies are not the model's memory
            self.assertGreater(profile["limit_gflops_per_s"], 0.1)
            self.assertGreater(profile["limit_gb_per_s"], 0.1)
            nodes = profile["nodes"]
            self.assertGreaterEqual(len(nodes), fewest)
            times = [node["nanoseconds"] for node in nodes]
            self.assertEqual(times, sorted(times, reverse=True))
            self.assertGreater(times[-1], 0)
            self.assertAlmostEqual(sum(node["share"] for node in nodes), 1, delta=1e-6)
            # Nodes one by one are the whole within what a shared machine does to either.
            self.assertLess(result["min_ms"] * 1e6 / 5, sum(times))
            self.assertLess(sum(times), 5 * 1e6 * result["p99_ms"])
            product = 2 * 64 * 256 * 192  # multiply-adds of the first layer, its epilogue comes on top
            first = [node for node in nodes if node["layer"] == "/layers/1" and node["operations"] >= product]
            self.assertTrue(first and first[0]["operator"].startswith("matmul"), nodes)
            self.assertLess(first[0]["operations"], product * 1.2)
            self.assertGreaterEqual(first[0]["bytes"], 4 * (64 * 256 + 256 * 192 + 64 * 192))
            for node in nodes:
                wanted = max(node["gflops_per_s"] / profile["limit_gflops_per_s"], node["gb_per_s"] / profile["limit_gb_per_s"])
                self.assertAlmostEqual(node["limit_share"], wanted, delta=1e-6 + wanted * 1e-6)
            lines = self.works(*arguments).out.splitlines()
            head = [i for i, line in enumerate(lines) if line.startswith("operator")][0]
            self.assertEqual(lines[head].split(), ["operator", "layer", "device", "time", "share", "GFLOP/s", "GB/s", "of", "limit"])
            self.assertEqual(len(lines) - head - 1, len(nodes))
        self.assertNotIn("profile", self.works("bench", "net.json", "--seconds", "0.05", "--json").json)

    def test_the_schema_is_one_json_document(self):
        schema = json.loads(self.works("schema").out)
        self.assertEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
        self.assertIn("layer-conv2d", schema["$defs"])

    def test_devices_and_operators_are_listed(self):
        names = [device["name"] for device in self.works("devices", "--json").json["devices"]]
        self.assertLessEqual({"cpu", "reference"}, set(names))
        self.assertIn("fp32", self.works("devices").out)
        everything = self.works("ops", "--json").json["operations"]
        self.assertGreater(len(everything), 80)
        self.assertTrue(all(one["doc"] and one["page"] for one in everything))
        page = self.works("ops", "conv2d").out
        for word in ["kernelSize", "filters", "requirements", "C1"]:
            self.assertIn(word, page)


if __name__ == "__main__":
    unittest.main(verbosity=2)  # names each test, for docs/requirements.md
