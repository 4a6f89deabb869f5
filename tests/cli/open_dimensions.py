#!/usr/bin/env python3
"""Models whose inputs have open dimensions: every command that runs a model takes values of any length."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import CommandTest

ROWS = """{"layers": [{"name": "x", "size": [null, 2], "shapeHints": {"dim_0": {"max": 6, "common": [3]}}}, {"type": "softmax"}]}"""
JOINED = """{"layers": [{"name": "a", "size": [null, 2], "pipes": [{"name": "b", "size": [null, 2], "type": "input"}]}, {"type": "identity"}]}"""
TREND = """{"layers": [{"name": "x", "size": [null, 1, 1]}, {"type": "globalAveragePool2d"}, {"size": 2, "activation": "softmax"}],
           "io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["down", "up"]}}}}"""
TEXT = """{"layers": [{"type": "input", "size": [null], "shapeHints": {"dim_0": {"max": 3}}}, {"type": "embedding", "outputDim": 2, "weights": [[1, 0], [0, 1]]},
          {"type": "reshape", "size": [null, 1, 2]}, {"type": "globalAveragePool2d"}, {"size": 2, "weights": [[0, 9], [9, 1]], "bias": 0, "activation": "softmax"}],
          "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "ab"}}, "output": {"denormalize": "lookup"}}}"""


class OpenDimensions(CommandTest):
    def output(self, *arguments, **options):
        return list(self.works("run", *arguments, "--json", **options).json["outputs"].values())[0]

    def test_a39_run_takes_values_of_any_length(self):
        self.write("rows.json", ROWS)
        half = [[0.5, 0.5]] * 3
        for value in ["[[0, 0], [1, 1], [2, 2]]", '{"x": [[0, 0], [1, 1], [2, 2]]}', "x=[[0, 0], [1, 1], [2, 2]]", "[0, 0, 1, 1, 2, 2]"]:
            self.assertEqual(self.output("rows.json", "--input", value), half, value)
        self.assertEqual(self.output("rows.json", "--input", '{"x": [[[0, 0]], [[1, 1]]]}'), [[[0.5, 0.5]]] * 2)
        self.fails("run", "rows.json", "--input", json.dumps({"x": [[0, 0]] * 7}), says=["at most 6"])
        self.fails("run", "rows.json", "--input", '{"x": [[0, 0], [1]]}', says=["different lengths"])
        self.write("joined.json", JOINED)
        named = self.output("joined.json", "--input", '{"a": [[1, 2]], "b": [[3, 4]]}')
        self.assertEqual(self.output("joined.json", "--input", "a=[[1, 2]]", "--input", "b=[[3, 4]]"), named)

    def test_a39_a_sequence_is_a_batch_of_steps(self):
        self.write("rows.json", ROWS)
        steps = self.output("rows.json", "--input", "[[[0, 0], [1, 1]], [[2, 2], [3, 3]], [[0, 0], [9, 9]]]", "--sequence")
        self.assertEqual(steps, [[[0.5, 0.5]] * 2] * 3)
        self.write("remembers.json", '{"layers": [{"size": [null, 1, 1]}, {"type": "globalAveragePool2d"}, {"name": "sum", "size": 1, "weights": [1, 1], "bias": false, "to": ["sum", 3]}, {"type": "identity"}]}')
        self.assertEqual(self.output("remembers.json", "--input", "[[[[1]], [[3]]], [[[2]], [[2]]], [[[0]], [[2]]]]", "--sequence"), [[2], [4], [5]])

    def test_a39_lines_of_different_lengths(self):
        self.write("rows.json", ROWS)
        self.write("joined.json", JOINED)
        jobs = [{"model": "rows.json", "input": {"x": [[0, 0]] * n}} for n in (1, 4, 2)]
        jobs += [{"model": "rows.json", "inputs": {"x": [[0, 0]] * 5}}, {"model": "rows.json", "input": {"x": [[0, 0]] * 9}},
                 {"model": "joined.json", "input": {"a": [[1, 2]], "b": [[3, 4]]}}]
        answers = [json.loads(line) for line in self.works("run", "--lines", stdin="\n".join(map(json.dumps, jobs))).out.splitlines()]
        self.assertEqual([len(a["outputs"]["output"]) if a["ok"] else 0 for a in answers[:5]], [1, 4, 2, 5, 0])
        self.assertIn("at most 6", answers[4]["error"])
        self.assertTrue(answers[5]["ok"], answers[5])

    def test_a39_data_with_names_and_labels(self):
        self.write("trend.json", TREND)
        self.write("pairs.json", json.dumps([[{"x": [[[1]], [[2]], [[3]]]}, "up"], [[[[-1]], [[-2]], [[0]]], "down"], {"input": [[[4]], [[0]], [[2]]], "output": "up"}]))
        self.works("train", "trend.json", "--data", "json:pairs.json", "--out", "t.json", "--option", "maxIterations=60", "--option", "learningRate=0.3", "-q")
        self.assertEqual(self.works("verify", "t.json", "--data", "json:pairs.json", "--json").json["accuracy"], 1)
        self.assertIn("up", self.works("run", "t.json", "--input", "[[[2]], [[5]], [[1]], [[1]]]").out)
        self.write("uneven.json", '[[{"x": [[[1]], [[2]]]}, "up"], [{"x": [[[1]]]}, "down"]]')
        self.fails("verify", "t.json", "--data", "json:uneven.json", says=["uneven.json: /1", "different sizes"])

    def test_a39_texts_of_any_length(self):
        self.write("text.json", TEXT)
        self.assertIn("looks like: b", self.works("run", "text.json", "--text", "aab").out)
        self.assertEqual(self.works("run", "text.json", "--text", "bbb", "--generate", "4", "--temperature", "0").out, "aabb\n")
        self.fails("run", "text.json", "--text", "aaab", says=["at most 3"])
        self.write("text.txt", "abba" * 8)
        self.works("train", "text.json", "--data", "text:text.txt", "--out", "t.json", "--option", "maxIterations=3", "-q")

    def test_a39_bench_says_which_lengths(self):
        self.write("rows.json", ROWS)
        answer = self.works("bench", "rows.json", "--seconds", "0", "--json").json
        self.assertEqual(answer["lengths"], {"/layers/0/size/0": 3})
        self.assertIn("open dimensions: n1 = 3", self.works("bench", "rows.json", "--seconds", "0", "--batch", "2").out)
        self.write("trend.json", TREND)
        self.assertIn("n1 = 64", self.works("bench", "trend.json", "--seconds", "0", "--train").out)
        self.write("joined.json", JOINED)
        self.assertIn("n1 = 64", self.works("bench", "joined.json", "--seconds", "0").out)


if __name__ == "__main__":
    unittest.main(verbosity=2)  # names each test, for docs/requirements.md
