#!/usr/bin/env python3
"""What `info` and `inspect` say of a model, read as somebody who meets it for the first time."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import CommandTest


class Descriptions(CommandTest):
    def test_info_and_inspect_follow_values_through_nets_and_their_help_explains_the_rest(self):
        self.write("nets.json", '{"dataType": "u8", "layers": [8, {"type": "net", "net": {"layers": [8, {"name": "last", "size": 4}]}}]}')
        text = self.works("info", "nets.json").out
        self.assertRegex(text, r"output +net +8 -> 4 +36 parameters +36 B +its layers stand below, counted here\n")
        self.assertRegex(text, r"output > 0 +input +8 +from what flows into the net\n")
        self.assertIn("36 B in u8", text)
        text = self.works("inspect", "nets.json").out
        self.assertRegex(text, r"parameters as numbers instead of codes.*\n%\d+ is 1/last.weights, %\d+ is 1/last.bias\n")
        self.assertNotIn("scale of", text)
        for command, words in [("info", ["3/0", "2 > 1", "FLOP"]), ("inspect", ["%7", "chain", "write"])]:
            for word in words:
                self.assertIn(word, self.works(command, "--help").out)

    def test_info_counts_weights_that_nets_share_once_and_says_where(self):
        net = '{"name": "%s", "type": "net", "share": "w", "net": {"layers": [2, {"type": "net", "net": {"layers": [2, 3]}}, 2]}}'
        self.write("twins.json", '{"layers": [2, %s, %s, 1]}' % (net % "left", net % "right"))
        text = self.works("info", "twins.json").out
        self.assertRegex(text, r"left +net +2 -> 2 +17 parameters +68 B +its layers stand below, counted here\n")
        self.assertRegex(text, r"right +net +2 -> 2 +shares 17 parameters with left, counted there\n")
        self.assertIn("20 parameters, ", text)
        self.assertEqual(text.count("counted there"), 1)
        self.assertEqual(self.works("info", "twins.json", "--json").json["parameters"], 20)

    def test_a_model_named_json5_may_hold_comments_and_bare_keys(self):
        self.write("loose.json5", "{ // two in, one out\n  layers: [2, {size: 1, weights: [[1], [10]], bias: 0,},],\n}")
        self.assertEqual(self.works("run", "loose.json5", "--input", "[1, 2]").out.strip(), "[21]")
        self.write("loose.json", "{layers: [2, 1]}")
        self.fails("run", "loose.json", "--input", "[1, 2]", says=["keys stand in double quotes"])


if __name__ == "__main__":
    unittest.main(verbosity=2)  # names each test, for docs/requirements.md
