#!/usr/bin/env python3
"""Values that name inputs, and texts: learned, foretold, gone on with."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import XOR, CommandTest


class Texts(CommandTest):
    def test_a_batch_of_one_is_answered_as_a_batch(self):
        labels = '"io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["cat", "dog"]}}}'
        self.write("one.json", '{"layers": [2, {"size": 2, "weights": [[1, 0], [0, 1]], "bias": 0}], %s}' % labels)
        self.write("two.json", '{"layers": [2, {"name": "x", "size": 1, "weights": [[1], [1]], "bias": 0, '
                   '"pipes": [{"name": "y", "size": 1, "weights": [[1], [2]], "bias": 0}]}]}')
        self.write("parts.json", '{"layers": [{"name": "a", "size": 1, "pipes": [{"name": "b", "size": 1, "type": "input"}]}, {"size": 1, "weights": [[1], [2]], "bias": 0}]}')
        def run(*arguments):
            return self.works("run", *arguments, "--json").json
        for model, single in [("one.json", {"output": [1, 2]}), ("two.json", {"x": [3], "y": [5]})]:
            batch = {name: [values] for name, values in single.items()}
            self.assertEqual(run(model, "--input", "[1, 2]")["outputs"], single)
            self.assertEqual(run(model, "--input", "[[1, 2]]")["outputs"], batch)
            self.assertEqual(run(model, "--input", "[[1, 2], [1, 2]]")["outputs"], {name: 2 * rows for name, rows in batch.items()})
        self.assertEqual(self.works("run", "two.json", "--input", "[[1, 2]]").out, "x: [[3]]\ny: [[5]]\n")
        self.assertEqual(run("parts.json", "--input", "a=[[1]]", "--input", "b=[[2]]")["outputs"], {"output": [[5]]})
        self.assertEqual(run("parts.json", "--input", "a=[1]", "--input", "b=[2]")["outputs"], {"output": [5]})
        self.assertEqual(run("one.json", "--input", "[1, 2]")["label"], "dog")
        batch = run("one.json", "--input", "[[1, 2]]")
        self.assertEqual(batch["labels"], ["dog"])
        self.assertNotIn("label", batch)

    def test_values_that_name_inputs(self):
        self.write("two.json", """{"layers": [{"size": 1, "name": "a", "label": "x:0", "pipes": [{"size": 2, "name": "b"}]},
                                 {"size": 1, "weights": [[1], [10], [100]], "bias": 0}]}""")
        for inputs in [['{"a": [1], "b": [2, 3]}'], ['[{"b": [2, 3]}, 1]'], ['{"x:0": 1, "b": [[2], 3]}'], ["x:0=1", "b=[2, 3]"], ["a=[1]", "b=[2, 3]"],
                       ["[1, 2, 3]"], ["[[1], [2, 3]]"]]:
            given = [word for value in inputs for word in ("--input", value)]
            self.assertEqual(json.loads(self.works("run", "two.json", *given).out), [321], inputs)
        self.fails("run", "two.json", "--input", '{"a": 1, "bb": [2, 3]}', says=['"bb"', 'did you mean "b"'])
        self.fails("run", "two.json", "--input", '{"b": [2, 3]}', says=["there is no value", "x:0"])
        self.fails("run", "two.json", "--input", "b=[2, 3]", says=['input "x:0" is missing', "--input a="])
        self.fails("run", "two.json", "--input", "a=[1]", "--input", "x:0=[1]", status=2, says=['input "x:0" is given twice'])
        self.fails("run", "two.json", "--input", "c=[1]", says=['no input "c"'])
        jobs = ['{"model": "two.json", "input": [{"b": [2, 3]}, 1]}', '{"model": "two.json", "inputs": {"x:0": [1], "b": [2, 3]}}',
                '{"model": "two.json", "input": {"a": 1}, "inputs": {}}', '{"model": "two.json", "input": {"a": 1, "c": 2}}']
        answers = [json.loads(line) for line in self.works("run", "--lines", stdin="\n".join(jobs)).out.splitlines()]
        self.assertEqual([list(a["outputs"].values()) for a in answers[:2]], [[[321]], [[321]]])
        self.assertIn("both", answers[2]["error"])
        self.assertIn('no input "c"', answers[3]["error"])
        self.write("ends.json", """{"layers": [{"size": 1, "name": "a"}], "outputs": [{"name": "y", "label": "end:0", "pipeFrom": "a"},
                                  {"name": "z", "label": "end:1", "pipeFrom": "a"}]}""")
        self.works("run", "ends.json", "--input", "[7]", "--output", "end:1=z.json", "--output", "y=y.json")
        self.assertEqual((self.read_json("z.json"), self.read_json("y.json")), ([7], [7]))
        self.write("pairs.json", '[[{"a": 1, "b": [2, 3]}, 321], [[{"b": [0, 1]}, 2], 102]]')
        self.assertEqual(self.works("verify", "two.json", "--data", "json:pairs.json", "--json").json["error"], 0)
        self.write("wrong.json", '[[{"a": 1, "b": [2, 3]}, 321], [{"a": 1, "d": [2, 3]}, 321]]')
        self.fails("verify", "two.json", "--data", "json:wrong.json", says=["wrong.json: /1", '"d"'])

    LETTERS = """{"layers": [{"type": "input", "size": 1}, {"type": "embedding", "outputDim": 4}, {"type": "gru", "size": 8},
                 {"size": 3, "activation": "softmax"}],
                 "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abc"}}, "output": {"denormalize": "lookup"}}}"""

    def test_a_text_is_learned_and_gone_on_with(self):
        self.write("letters.json", self.LETTERS)
        self.write("text.txt", "abc" * 20)
        self.works("train", "letters.json", "--data", "text:text.txt?sequences=4", "--out", "t.json", "--seed", "1", "--quiet",
                   "--option", "optimizer=adam", "--option", "learningRate=0.05", "--option", "maxIterations=120")
        self.assertEqual(self.works("run", "t.json", "--text", "ab", "--generate", "6", "--temperature", "0").out, "cabcab\n")
        self.assertEqual(self.works("run", "t.json", "--input", '"ab"', "--generate", "0", "--temperature", "0", "--until", "bc").out, "cabc\n")
        answer = self.works("run", "t.json", "--input", "text.txt", "--generate", "2", "--json", "--top-k", "1", "--seed", "3").json
        self.assertEqual((answer["text"], answer["tokens"], answer["indices"]), ("ab", ["a", "b"], [0, 1]))
        last = self.works("run", "t.json", "--text", "abc", "--sequence", "--json").json["labels"][-1]
        self.assertEqual(last, "a")
        self.write("lines.txt", "abc\nbca\n\ncab\n")
        self.assertGreater(self.works("verify", "t.json", "--data", "lines:lines.txt", "--json").json["accuracy"], 0.7)

    def test_steps_of_bits_and_parts_behind_a_vocabulary(self):
        self.write("bits.json", """{"layers": [{"type": "input", "size": 4}, {"type": "identity"}],
                                   "io": {"input": {"normalize": {"type": "bits", "count": 4}}, "output": {"denormalize": {"type": "bits", "count": 4}}}}""")
        self.assertEqual(self.works("run", "bits.json", "--input", "[3, 12]", "--sequence", "--json").json["outputs"]["output"], [[3], [12]])
        self.write("letters.json", self.LETTERS)
        self.works("convert", "letters.json", "part.json", "--option", "layers=1:2")
        self.assertEqual(self.read_json("part.json")["layers"][1]["inputDim"], 3)
        self.works("info", "part.json")

    def test_what_generate_and_texts_refuse(self):
        self.write("letters.json", self.LETTERS)
        for words in [["--generate", "3", "--sequence"], ["--top-k", "3"], ["--generate", "3", "--output", "y.npy"], ["--input", "[1]"]]:
            self.fails("run", "letters.json", "--text", "a", *words, status=2)
        self.fails("run", "letters.json", "--text", "axb", "--generate", "3", says=['"x"', "not in the vocabulary"])
        self.fails("run", "letters.json", "--text", "a", "--generate", "3", "--top-p", "2", says="topP")
        self.fails("run", "letters.json", "--text", "a", "--generate", "30", "--limit", "runSteps=10", says="runSteps")
        self.fails("train", "letters.json", "--data", "text:absent.txt", says="absent.txt")
        self.write("text.txt", "a")
        self.fails("train", "letters.json", "--data", "text:text.txt", says="too short")
        self.fails("train", "letters.json", "--data", "text:text.txt?sequences=0", says="sequences=NUMBER")
        self.write("xor.json", XOR)
        self.fails("run", "xor.json", "--text", "a", says="takes numbers")


if __name__ == "__main__":
    unittest.main(verbosity=2)  # names each test, for docs/requirements.md
