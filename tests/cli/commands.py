#!/usr/bin/env python3
"""The help, training and running do what the help says; model_files.py has the other commands."""
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import time
import unittest
import xml.dom.minidom

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import CLASSES, IRIS_LIKE, PROGRAM, XOR, CommandTest, idx, npy, png, read_npy, read_terminal

COMMANDS = ["train", "run", "verify", "info", "inspect", "convert", "bench", "devices", "ops", "schema"]


class Help(CommandTest):
    def test_help_lists_every_command_and_each_has_an_example(self):
        text = self.works("--help").out
        for command in COMMANDS:
            self.assertIn(command, text)
            page = self.works(command, "--help").out
            self.assertIn("Example:", page)
            self.assertIn("webai " + command, page)

    def test_version_names_the_program(self):
        self.assertRegex(self.works("--version").out, r"^webai \d+\.\d+\.\d+\n$")

    def test_wrong_usage_ends_with_status_2(self):
        for arguments, says in [
            (["trian"], 'there is no command "trian"'), (["train"], "required"), (["train", "--dat", "x"], "webai train --help"),
            (["run"], "--input"), (["info", "m.json", "--limit", "nodez=3"], "nodez"), (["info", "m.json", "--limit", "nodes=x"], "whole number"),
            (["bench", "m.json", "--batch", "0"], "--batch"), (["info", "m.json", "--threads", "x"], "--threads"),
            (["train", "m.json", "--data", "sample:xor", "--out", "x", "--plot", "x"], "the same file"),
            (["train", "m.json", "--data", "sample:xor", "--out", ""], "--out"),
        ]:
            self.fails(*arguments, says=says, status=2)


class Train(CommandTest):
    def test_training_learns_and_writes_a_model_that_runs(self):
        self.trained_xor()
        for inputs, wanted in [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)]:
            value = json.loads(self.works("run", "trained.json", "--input", json.dumps(inputs)).out)
            self.assertAlmostEqual(value[0], wanted, delta=0.25)

    def test_json_is_the_only_thing_on_standard_output(self):
        self.write("xor.json", XOR)
        result = self.works("train", "xor.json", "--data", "sample:xor", "--json", "--option", "maxIterations=3")
        self.assertEqual(result.json["iterations"], 3)
        self.assertEqual(result.json["stop_reason"], "maxIterations")
        self.assertEqual(result.json["samples"], 12)
        self.assertEqual(len([line for line in result.err.splitlines() if line.startswith("epoch ")]), 3)

    def test_on_a_terminal_a_bar_moves(self):
        self.write("xor.json", XOR)
        ours, theirs = pty.openpty()
        command = [PROGRAM, "train", "xor.json", "--data", "sample:xor", "--option", "maxIterations=3"]
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=theirs, timeout=60)
        os.close(theirs)
        text = read_terminal(ours)
        self.assertEqual(done.returncode, 0)
        self.assertIn("\r\033[K" + "epoch 3/3  [##########]  4/4", text)

    def test_quiet_training_says_nothing_on_standard_error(self):
        self.write("xor.json", XOR)
        self.assertEqual(self.works("train", "xor.json", "--data", "sample:xor", "-q", "--option", "maxIterations=3").err, "")

    def test_options_of_the_line_win_over_those_of_the_file(self):
        self.write("xor.json", XOR)
        self.write("options.json", '{"maxIterations": 7, "learningRate": 0.2}')
        train = ["train", "xor.json", "--data", "sample:xor", "--json", "-q", "--options", "options.json"]
        self.assertEqual(self.works(*train).json["iterations"], 7)
        self.assertEqual(self.works(*train, "--option", "maxIterations=2").json["iterations"], 2)

    def test_the_same_seed_gives_the_same_file_and_another_seed_another(self):
        self.write("xor.json", XOR)
        for name, seed in [("a.json", 1), ("b.json", 1), ("c.json", 2)]:
            self.works("train", "xor.json", "--data", "sample:xor", "-q", "--seed", seed, "--out", name, "--option", "maxIterations=5")
        files = self.snapshot()
        self.assertEqual(files["a.json"], files["b.json"])
        self.assertNotEqual(files["a.json"], files["c.json"])

    def test_a_table_with_words_trains_and_its_labels_are_written_into_the_model(self):
        self.write("net.json", CLASSES)
        self.write("data.csv", IRIS_LIKE)
        result = self.works("train", "net.json", "--data", "csv:data.csv?target=kind", "--test", "csv:data.csv?target=kind",
                            "--out", "out.json", "--option", "maxIterations=200")
        self.assertIn("3 labels", result.err)
        self.assertIn("test accuracy 100.0 %", result.out)
        self.assertEqual(self.read_json("out.json")["io"]["output"]["denormalize"]["labels"], ["low", "mid", "top"])
        answer = self.works("run", "out.json", "--input", "[2.1, 0.5, 2, 0]").out
        self.assertTrue(answer.startswith("looks like: top ("), answer)

    def test_large_inputs_get_a_learned_normalisation_and_the_notice_says_so(self):
        self.write("net.json", '{"layers": [2, 4, 1], "activation": "tanh"}')
        self.write("pairs.json", json.dumps([[[1000 * (i % 2), 300 + 100 * (i // 2 % 2)], [i % 2]] for i in range(16)]))
        result = self.works("train", "net.json", "--data", "json:pairs.json", "--out", "out.json")
        self.assertIn('inputs reach 1000, so "normalize": "auto"', result.err)
        self.assertIn("normalize", self.read_json("out.json")["io"]["input"])
        value = json.loads(self.works("run", "out.json", "--input", "[1000, 300]").out)
        self.assertAlmostEqual(value[0], 1, delta=0.25)

    def test_the_plot_is_one_complete_svg(self):
        self.write("net.json", CLASSES)
        self.write("data.csv", IRIS_LIKE)
        self.works("train", "net.json", "--data", "csv:data.csv?target=kind", "--plot", "curves.svg", "-q", "--option", "maxIterations=9")
        svg = xml.dom.minidom.parse(str(self.folder / "curves.svg")).documentElement
        self.assertEqual(svg.tagName, "svg")
        curves = [p for p in svg.getElementsByTagName("path") if p.getAttribute("class").startswith("curve")]
        self.assertEqual(len(curves), 2)
        self.assertEqual([p.getAttribute("d").count("L") for p in curves], [8, 8])
        self.assertNotIn("http", (self.folder / "curves.svg").read_text().replace("http://www.w3.org/2000/svg", ""))

    def test_training_goes_on_from_the_weights_of_a_trained_model(self):
        name = self.trained_xor()
        result = self.works("train", name, "--data", "sample:xor", "--json", "-q", "--option", "maxIterations=1")
        self.assertLess(result.json["error"], 0.01)

    def test_pictures_from_idx_files_train(self):
        self.write("net.json", '{"layers": [4, {"size": 2, "activation": "softmax"}]}')
        self.write("images", idx([8, 2, 2], [255 * (i // 4 % 2) for i in range(32)]))
        self.write("labels", idx([8], [i % 2 for i in range(8)]))
        result = self.works("train", "net.json", "--data", "idx:images,labels", "--json")
        self.assertIn("8 pictures", result.err)
        self.assertEqual(result.json["accuracy"], 1)

    def test_every_option_that_the_help_shows_works_as_it_is_shown(self):
        self.write("net.json", '{"layers": [2, {"name": "hidden", "size": 3}, {"size": 2, "activation": "softmax"}]}')
        page = self.works("train", "--help").out
        page = page[page.index("when to stop"):].replace("FILE   ", "c.bin   ")
        shown = re.findall(r"'([A-Za-z]+[0-9]?=[^']*)'|(?<![\w{\"'])([A-Za-z]+[0-9]?=[^ '\n]+)", page)
        options = [quoted or plain for quoted, plain in shown]
        self.assertGreater(len(options), 40)
        for option in options:
            if option.startswith(("resume", "checkpoint=")):
                continue  # below, together
            if "rare" in option:
                option = 'classWeights={"1": 5}'
            result = self.webai("train", "net.json", "--data", "sample:spirals", "-q", "--option", "maxIterations=2", "--option", option)
            # Measures for values alone, or for one output, say so.
            self.assertTrue(result.status == 0 or "activation" in result.err, option + result.err)
        more = ["--option", "checkpoint=c.bin", "--option", "maxIterations=2"]
        self.works("train", "net.json", "--data", "sample:spirals", "-q", *more)
        self.works("train", "net.json", "--data", "sample:spirals", "-q", *more, "--option", "resume=true")

    def test_held_out_samples_are_shown_and_patience_stops(self):
        self.write("net.json", CLASSES)
        self.write("data.csv", IRIS_LIKE)
        train = ["train", "net.json", "--data", "csv:data.csv?target=kind", "--json", "--option", "maxIterations=3000"]
        result = self.works(*train, "--option", "validationSplit=0.2", "--option", "patience=3", "--option", "minDelta=1")
        self.assertEqual(result.json["stop_reason"], "patience")
        self.assertEqual(result.json["iterations"], result.json["best_iteration"] + 3)
        self.assertIn("held out", result.err)
        given = self.works(*train, "--validation", "csv:data.csv?target=kind", "--option", "maxIterations=2")
        self.assertIsNotNone(given.json["validation_error"])

    def test_an_interrupted_training_goes_on_to_the_same_file(self):
        self.write("net.json", '{"layers": [2, {"size": 8, "activation": "tanh"}, {"type": "dropout", "rate": 0.1}, {"size": 2, "activation": "softmax"}]}')
        train = ["train", "net.json", "--data", "sample:spirals", "-q", "--option", "optimizer=adam"]
        epochs = ["--option", "maxIterations=400"]
        self.works(*train, *epochs, "--out", "straight.json")
        command = [PROGRAM, *train, "--option", "maxIterations=1000000", "--checkpoint", "c.bin", "--every", "50"]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
            while not (self.folder / "c.bin").exists():
                self.assertIsNone(running.poll())
                time.sleep(0.001)
            running.send_signal(signal.SIGINT)
            text = running.communicate(timeout=60)[1].decode()
        self.assertIn("--resume", text)
        done = json.loads((self.folder / "c.bin").read_bytes().split(b"\n")[1])["state"]["iteration"]
        if done >= 400:  # a slow machine's clock let it run on
            epochs = ["--option", f"maxIterations={done + 3}"]
            self.works(*train, *epochs, "--out", "straight.json")
        self.works(*train, *epochs, "--checkpoint", "c.bin", "--resume", "--out", "rest.json")
        files = self.snapshot()
        self.assertEqual(files["straight.json"], files["rest.json"])

    def test_two_checkpoints_and_too_many_threads_are_told(self):
        train = ["train", "net.json", "--data", "sample:xor", "--option", "maxIterations=1"]
        self.write("net.json", '{"layers": [2, 3, 1]}')
        self.fails(*train, "--option", "checkpoint=x.bin", "--checkpoint", "y.bin", says=["x.bin", "y.bin", "one of them"], status=2)
        self.fails(*train, "--threads", "2000", says=["--threads 2000", "1,024"], status=2)
        self.works(*train, "--option", "checkpoint=x.bin", "--checkpoint", "x.bin", "--threads", "2")

    def test_resuming_needs_a_checkpoint(self):
        self.write("xor.json", XOR)
        train = ["train", "xor.json", "--data", "sample:xor", "--option", "maxIterations=2"]
        self.assertIn("--checkpoint FILE", self.webai(*train, "--resume").err)
        self.assertIn("nowhere", self.webai(*train, "--resume", "--checkpoint", "nowhere").err)
        self.write("nowhere", "something else")
        self.assertIn("nowhere: this checkpoint cannot be used", self.webai(*train, "--resume", "--checkpoint", "nowhere").err)


class Run(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("sum.json", '{"layers": [3, {"size": 1, "weights": [[1], [2], [3]], "bias": 0}]}')

    def value(self, *arguments):
        return json.loads(self.works("run", "sum.json", *arguments).out)

    def test_every_kind_of_input_says_the_same(self):
        self.write("x.json", "[1, 2, 3]")
        self.write("x.npy", npy([1, 2, 3], [3]))
        self.write("x.csv", "p,q,r\n1, 2,3\r\n")
        self.write("x.png", png(3, 1, [1, 2, 3]))
        for source in ["[1, 2, 3]", "x.json", "x.npy", "x.csv", "x.png", "input=x.npy"]:
            self.assertEqual(self.value("--input", source), [14], source)

    def test_a_coloured_picture_is_taken_apart_into_channels(self):
        self.write("x.png", png(1, 1, [1, 2, 3], colour=2))
        self.assertEqual(self.value("--input", "x.png"), [14])

    def test_several_samples_run_at_once(self):
        self.assertEqual(self.value("--input", "[[1, 2, 3], [0, 0, 1]]"), [[14], [3]])

    def test_outputs_go_to_files(self):
        self.works("run", "sum.json", "--input", "[[1, 2, 3], [0, 0, 1]]", "--output", "y.npy")
        self.assertEqual(read_npy((self.folder / "y.npy").read_bytes()), ((2, 1), [14, 3]))
        self.works("run", "sum.json", "--input", "[1, 2, 3]", "--output", "y.json")
        self.assertEqual(self.read_json("y.json"), [14])

    def test_json_names_the_outputs(self):
        result = self.works("run", "sum.json", "--input", "[1, 2, 3]", "--json").json
        self.assertEqual(list(result["outputs"].values()), [[14]])
        self.assertIn("ms", result)

    def test_lines_answer_each_job_and_go_on_after_a_bad_one(self):
        self.write("x.npy", npy([1, 2, 3], [3]))
        jobs = ['{"id": 7, "model": "sum.json", "inputs": {"input": "x.npy"}, "outputs": {"output": "y.npy"}}',
                "this is no job",
                '{"id": "b", "model": "absent.json", "inputs": {}}',
                "",
                '{"id": 8, "model": "sum.json", "inputs": {"input": [1, 2]}}',
                '{"id": 9, "model": "x.npy", "inputs": {"input": [1, 2]}}',
                '{"id": 10, "model": "sum.json", "device": "cpu", "inputs": {"input": [[1, 0, 0]]}}',
                '{"id": 11, "model": "sum.json", "inputs": {"input": [1, 0, 0]}, "output": {"output": "y.npy"}}']
        answers = [json.loads(line) for line in self.works("run", "--lines", stdin="\n".join(jobs)).out.splitlines()]
        self.assertEqual([a["id"] for a in answers], [7, None, "b", 8, 9, 10, 11])
        self.assertEqual([a["ok"] for a in answers], [True, False, False, False, False, True, False])
        self.assertEqual([a.get("kind") for a in answers], [None, "error", "error", "error", "unsupported", None, "error"])
        self.assertEqual(read_npy((self.folder / "y.npy").read_bytes())[1], [14])
        self.assertEqual(set(answers[0]), {"id", "ok", "ms", "nodes", "on_device"})
        self.assertEqual(answers[0]["nodes"], answers[0]["on_device"])
        self.assertEqual(answers[5]["outputs"], {"output": [[1]]})
        self.assertIn("3 values", answers[3]["error"])
        self.assertIn('a job has no member "output"', answers[6]["error"])

    SUMMING = """{"layers": [1, {"name": "sum", "size": 1, "weights": [1, 1], "bias": false, "to": ["sum", 2]},
                 {"type": "identity"}]}"""

    def test_lines_go_on_from_run_to_run_and_reset_before_a_job_that_says_so(self):
        self.write("memory.json", self.SUMMING)
        job = '{"model": "memory.json", "inputs": {"input": [%d]}%s}'
        jobs = [job % (1, ""), job % (2, ""), job % (4, ', "reset": true'), job % (1, ', "reset": false'), job % (1, ', "reset": 1')]
        answers = [json.loads(line) for line in self.works("run", "--lines", stdin="\n".join(jobs)).out.splitlines()]
        self.assertEqual([a["outputs"]["output"] for a in answers[:4]], [[1], [3], [4], [5]])
        self.assertIn("reset", answers[4]["error"])

    def test_rows_are_lanes_or_with_sequence_steps(self):
        self.write("memory.json", self.SUMMING)
        rows = "[[1], [2], [4]]"
        self.assertEqual(self.works("run", "memory.json", "--input", rows, "--json").json["outputs"]["output"], [[1], [2], [4]])
        answer = self.works("run", "memory.json", "--input", rows, "--sequence", "--json").json
        self.assertEqual(answer["outputs"]["output"], [[1], [3], [7]])
        self.fails("run", "--lines", "--sequence", status=2)

    def test_a_small_gru_learns_sequences_from_json(self):
        samples = []
        for first in (0, 1):  # the answer is the first input of the sequence: only a memory knows it
            for rest in ((0, 0), (0, 1), (1, 0), (1, 1)):
                samples += [[[first], None], [[rest[0]], None], [[rest[1]], [first]], "RESET"]
        self.write("sequences.json", json.dumps(samples))
        self.write("net.json", '{"layers": [1, {"type": "gru", "size": 4}, {"size": 1, "activation": "sigmoid"}]}')
        info = self.works("train", "net.json", "--data", "json:sequences.json", "--out", "trained.json", "--seed", "1", "--json",
                          "--option", "optimizer=adam", "--option", "learningRate=0.05", "--option", "maxIterations=300").json
        self.assertLess(info["error"], 0.02)
        judged = self.works("verify", "trained.json", "--data", "json:sequences.json", "--json").json
        self.assertEqual(judged["samples"], 8)
        self.assertLess(judged["error"], 0.02)
        answer = self.works("run", "trained.json", "--input", "[[1], [0], [0]]", "--sequence", "--json").json
        self.assertGreater(answer["outputs"]["output"][2][0], 0.7)

    def test_lines_bound_the_length_the_depth_and_the_words_of_a_job(self):
        job = '{"id": 1, "model": "sum.json", "inputs": {"input": [1, 2, 4]}}'
        jobs = ["[" * 600, "x" * 2000, '{"id": 2, "id": 3}', '{"id": 4,', job]
        answers = [json.loads(line) for line in
                   self.works("run", "--lines", "--limit", "jsonBytes=1k", stdin="\n".join(jobs)).out.splitlines()]
        for answer, says in zip(answers, ["512 levels", "at most 1024", "stands twice", "line 1, column"]):
            self.assertFalse(answer["ok"])
            self.assertIn(says, answer["error"])
        self.assertEqual(answers[4]["outputs"], {"output": [17]})

    def test_lines_take_and_check_declared_types(self):
        self.write("half.json", '{"dataType": "bf16", "layers": [3, {"size": 1, "weights": [[1], [2], [3]], "bias": 0}]}')
        self.write("bits.npy", npy([0x3f80, 0x4000, 0x3f00], [3], "<u2", "H"))  # 1, 2 and 0.5
        self.write("float.npy", npy([1, 2, 0.5], [3]))
        self.write("half.npy", npy([1, 2, 0.5], [3], "<f2", "e"))
        self.write("narrow.npy", npy([1, -8, 7], [3], "|i1", "b"))
        self.write("wide.npy", npy([1, -9, 7], [3], "|i1", "b"))

        def job(model, x, kind, **more):
            return json.dumps({"model": model, "inputs": {"input": x}, "input_types": {"input": kind}, **more})
        told = {"output_types": {"output": "tensor(bfloat16)"}, "outputs": {"output": "y.npy"}}
        jobs = [(job("sum.json", "bits.npy", "tensor(bfloat16)"), 6.5), (job("sum.json", "bits.npy", "tensor(uint16)"), 97408),
                (job("sum.json", "half.npy", "tensor(float16)"), 6.5), (job("sum.json", "narrow.npy", "tensor(int4)"), 6),
                (job("sum.json", [1, 2.001, 0], "tensor(bfloat16)"), 5), (job("sum.json", [1, 2, 255], "tensor(uint8)"), 770),
                (job("half.json", "bits.npy", "tensor(bfloat16)", **told), None),
                (job("sum.json", "float.npy", "tensor(bfloat16)"), "error"), (job("sum.json", "half.npy", "tensor(float)"), "error"),
                (job("sum.json", "wide.npy", "tensor(int4)"), "error"), (job("sum.json", [1, 2, 256], "tensor(uint8)"), "error"),
                (job("sum.json", [1, 2, 0.5], "tensor(int32)"), "error"), (job("sum.json", [1, 2, 3], "tensor(flaot)"), "error"),
                (job("sum.json", [1, 2, 3], 7), "error"), (job("sum.json", [1, 2, 3], "tensor(float)", **told), "error"),
                (json.dumps({"model": "sum.json", "inputs": {"input": [1, 2, 3]}, "input_types": {"x": "tensor(float)"}}), "error")]
        jobs += [(job("sum.json", [1, 2, 3], kind), "unsupported")
                 for kind in ["tensor(float8e4m3fn)", "tensor(string)", "tensor(complex64)", "seq(tensor(float))", "optional(tensor(float))"]]
        jobs.append((job("sum.json", [1, 2, 3], "tensor(float)", output_types={"output": "tensor(int4)"}), "unsupported"))
        answers = [json.loads(line) for line in self.works("run", "--lines", stdin="\n".join(j for j, _ in jobs)).out.splitlines()]
        self.assertEqual(len(answers), len(jobs))
        for (text, wanted), answer in zip(jobs, answers):
            if isinstance(wanted, str):
                self.assertEqual(answer.get("kind"), wanted, (text, answer))
            else:
                self.assertTrue(answer["ok"], (text, answer))
                if wanted is not None:
                    self.assertEqual(answer["outputs"], {"output": [wanted]}, text)
        self.assertIn("u16", answers[7]["error"])
        self.assertEqual((self.folder / "y.npy").read_bytes()[-2:], struct.pack("<H", 0x40d0))  # 6.5

    def test_lines_see_that_a_model_file_has_changed(self):
        job = '{"model": "net.json", "inputs": {"input": [1]}}\n'
        model = '{"layers": [1, {"size": 1, "weights": [[%d]], "bias": 0}]}'
        self.write("net.json", model % 5)
        with subprocess.Popen([PROGRAM, "run", "--lines"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.folder) as server:
            def ask():
                server.stdin.write(job.encode())
                server.stdin.flush()
                return list(json.loads(server.stdout.readline())["outputs"].values())[0]
            self.assertEqual(ask(), [5])
            self.assertEqual(ask(), [5])
            self.write("net.json", model % 77)
            self.assertEqual(ask(), [77])
            # So do weights in a file of their own.
            in_file = '{"layers": [1, {"size": 1, "bias": false, "activation": null}], "setup": {"data": {"file": "net.bin"}}}'
            self.write("net.bin", struct.pack("<f", 3))
            self.write("net.json", in_file)
            self.assertEqual(ask(), [3])
            self.write("net.bin", struct.pack("<f", 4))
            self.assertEqual(ask(), [4])
            server.stdin.close()
            self.assertEqual(server.wait(30), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)  # names each test, for docs/requirements.md
