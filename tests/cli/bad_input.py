#!/usr/bin/env python3
"""What is wrong with a model, its data or the disk ends in one clear message, status 1 and no half-written file."""
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import CLASSES, IRIS_LIKE, PROGRAM, SANITIZED, XOR, CommandTest, idx, npy, png


class Models(CommandTest):
    def refuses(self, model, says, command=("info",)):
        self.write("net.json", model)
        return self.fails(*command, "net.json", says=["webai: net.json: ", *([says] if isinstance(says, str) else says)])

    def test_a_misspelt_property_is_named_with_the_right_spelling(self):
        self.write("iris.json", '{"layers":[4,{"size":8,"activaton":"tanh"},3]}\n')
        message = self.fails("train", "iris.json", "--data", "csv:iris.csv", "--out", "iris-trained.json")
        self.assertEqual(message, 'webai: iris.json: /layers/1/activaton: no such property of a layer; did you mean "activation"?')

    def test_a_syntax_error_has_line_and_column(self):
        self.refuses('{"layers": [2,\n  3 1]}', "line 2, column 5")

    def test_a_duplicate_key_is_refused(self):
        self.refuses('{"layers": [2, 1],\n "layers": [2, 1]}', "layers")

    def test_more_layers_than_the_limit_are_refused_at_once(self):
        began = time.monotonic()
        self.refuses('{"layers": [1' + ',{"size": 1}' * 100_001 + "]}", "100000")
        self.assertLess(time.monotonic() - began, 30 if SANITIZED else 10)

    def test_the_limit_on_layers_can_be_set(self):
        self.write("net.json", '{"layers": [1, {"size": 1}, {"size": 1}, {"size": 1}]}')
        self.fails("info", "net.json", "--limit", "nodes=3", says="limit")
        self.works("info", "net.json", "--limit", "nodes=1k")

    def test_a_layer_of_ten_to_the_twelve_takes_no_memory(self):
        self.refuses('{"layers": [2, 1000000000000]}', "/layers/1")
        self.refuses('{"layers": [2, 3], "size": 1}', "size")

    def test_setup_data_one_element_short_says_how_many_there_should_be(self):
        data = ",".join("0.5" for _ in range(12))
        self.refuses('{"layers": [2, 3, 1], "setup": {"data": [' + data + "]}}", ["13", "12"])

    def test_foreign_and_absent_files_are_named(self):
        self.write("net.onnx", b"\x08\x07\x12\x04test\0\0")
        self.fails("info", "net.onnx", says=["net.onnx", "not a model in JSON"])
        self.fails("info", "absent.json", says=["absent.json", "No such file"])
        self.fails("info", ".", says="directory")
        self.write("empty.json", "")
        self.fails("info", "empty.json", says="empty.json")

    def test_a_deep_document_is_refused(self):
        self.refuses("[" * 100_000, ["net.json"])

    def test_lengths_of_a_benchmark_are_checked(self):
        self.write("net.json", '{"layers": [2, {"type": "rnn", "size": 1}]}')
        self.fails("bench", "net.json", "--steps", "4", says="--steps is for --train", status=2)
        self.fails("bench", "net.json", "--train", "--steps", "0", says="--steps is 1 or more", status=2)
        self.fails("bench", "net.json", "--train", "--steps", str(2**40), "--batch", str(2**40), says="more samples than a machine holds", status=2)
        timed = self.works("bench", "net.json", "--train", "--steps", "5", "--batch", "3", "--seconds", "0.1", "--json").json
        self.assertEqual((timed["steps"], timed["batch"]), (5, 3))

    def test_a_device_that_is_not_there_is_named(self):
        self.write("net.json", XOR)
        self.fails("info", "net.json", "--device", "vulcan9", says="vulcan9")
        self.fails("devices", "--device", "vulcan9", says=["vulcan9", "expected auto, cpu, reference"])
        named = [device["name"] for device in self.works("devices", "--device", "reference", "--json").json["devices"]]
        self.assertEqual(named, ["reference"])

    def test_convert_to_an_unknown_form_says_which_are_known(self):
        self.write("net.json", XOR)
        self.fails("convert", "net.json", "net.onnx", "--to", "onnx", says=["onnx", "json, minify or pretty"])
        self.fails("convert", "net.json", "out.json", "--option", "setupDataAs=hex", says="setupDataAs")
        self.fails("convert", "net.json", "out.json", "--option", "weights=u8", says=["weights=u8", "for programs"], status=2)
        self.fails("convert", "net.json", "out.json", "--option", "name=f", says=["name=f", "for programs"], status=2)

    def test_a_key_of_megabytes_is_shown_by_its_ends(self):
        self.write("net.json", '{"layers": [2, 1], "' + "k" * 3_000_000 + '": 1}')
        said = self.fails("info", "net.json", says=["net.json", "kkkk ... (", "no such property"])
        self.assertLess(len(said), 3000)


class Data(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("net.json", CLASSES)

    def refuses(self, source, says, *more):
        return self.fails("train", "net.json", "--data", source, "--out", "out.json", "-q", *more, says=says)

    def test_a_truncated_idx_file_is_named(self):
        images = idx([3, 2, 2], range(12))
        self.write("labels", idx([3], [0, 1, 2]))
        for length in [0, 3, 8, len(images) - 1]:
            self.write("images", images[:length])
            self.refuses("idx:images,labels", "images")

    def test_a_word_among_numbers_has_its_line_and_column(self):
        self.write("data.csv", "1,2,3,4,0\n1,2,3,4,1\n1,many,3,4,2\n")
        self.refuses("csv:data.csv", ["data.csv", "3", "many"])

    def test_a_label_the_model_has_no_output_for_is_refused(self):
        self.write("images", idx([2, 2, 2], range(8)))
        self.write("labels", idx([2], [0, 3]))
        self.refuses("idx:images,labels", ["labels: sample 1", "label", "3"])

    def test_a_label_by_word_that_the_model_does_not_know_is_named(self):
        labels = '"io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["low", "middle", "top"]}}}'
        self.write("net.json", CLASSES[:-1] + ", " + labels + "}")
        self.write("data.csv", IRIS_LIKE)
        self.refuses("csv:data.csv?target=kind", ['"mid"', 'expected one of: low, middle, top'])

    def test_a_zero_byte_in_a_table_is_named(self):
        self.write("data.csv", b"a,b,c,d,kind\n1,2,3,4,x\0\n")
        self.refuses("csv:data.csv?target=kind", ["data.csv:2:10", "zero byte"])

    def test_a_value_too_large_for_the_model_names_its_sample(self):
        self.write("data.csv", "1,2,3,4,0\n1,2,1e300,4,1\n")
        self.refuses("csv:data.csv", ["data.csv:2", "too large for fp32", "1e+300"])
        self.write("x.npy", npy([1, 2, 3, 4, 1, 2, 3, 1e300], [2, 4], "<f8", "d"))
        self.write("y.npy", npy([0, 1], [2]))
        self.refuses("npy:x.npy,y.npy", ["sample 1", "too large for fp32", "1e+300"])

    def test_an_idx_header_that_no_file_can_keep_is_refused(self):
        self.write("images", idx([0xffffffff] * 3, []))
        self.refuses("idx:images,images", ["images", "more elements than any file holds", "damaged"])

    def test_not_a_number_in_the_data_is_named(self):
        self.write("data.csv", "1,2,3,4,0\n1,nan,3,4,1\n")
        self.refuses("csv:data.csv", ["data.csv", "column 2"])
        self.write("x.npy", npy([1, 2, 3, float("nan")], [1, 4]))
        self.write("y.npy", npy([0], [1]))
        self.refuses("npy:x.npy,y.npy", "x.npy")

    def test_samples_of_another_length_are_refused(self):
        self.write("data.csv", "1,2,3,0\n")
        self.refuses("csv:data.csv", ["4", "3"])

    def test_a_misspelt_source_is_answered_with_the_nearest(self):
        self.refuses("cvs:data.csv", 'did you mean "csv:"?')

    def test_training_that_blows_up_says_so_and_writes_nothing(self):
        self.write("net.json", '{"layers": [1, 4, 1], "io": {}}')
        self.write("pairs.json", "[[[1000], [1]], [[-1000], [3]]]")
        self.fails("train", "net.json", "--data", "json:pairs.json", "--out", "out.json", "-q",
                   "--option", "learningRate=0.3", says=["not a number", "normalize"])

    def test_weights_that_overflow_in_the_last_step_are_not_written(self):
        self.write("xor.json", XOR)
        self.fails("train", "xor.json", "--data", "sample:xor", "--out", "out.json", "-q", "--option", "maxIterations=1",
                   "--option", "learningRate=1e300", says=["the weights are no numbers", "lower learningRate"])

    def test_a_wrong_test_set_takes_nothing_from_what_was_trained(self):
        self.write("data.csv", "1,2,3,4,0\n1,2,3,4,1\n1,2,3,4,2\n")
        for test, content in [("csv:test.csv", "1,2,3,4,7\n"), ("csv:test.csv", "1,2,0\n")]:
            self.write("test.csv", content)
            result = self.webai("train", "net.json", "--data", "csv:data.csv", "--test", test, "--out", "out.json", "--plot", "out.svg",
                                "-q", "--option", "maxIterations=2")
            self.assertEqual(result.status, 1)
            self.assertIn("the trained model is in out.json", result.err)
            self.works("info", "out.json")
            for kept in ["out.json", "out.svg"]:
                (self.folder / kept).unlink()

    def test_labels_of_a_test_set_that_would_mean_other_classes_are_refused(self):
        self.write("data.csv", IRIS_LIKE)
        self.write("test.csv", "".join(row for row in IRIS_LIKE.splitlines(keepends=True) if "low" not in row))
        train = ["train", "net.json", "--data", "csv:data.csv?target=kind", "-q", "--option", "maxIterations=200"]
        test = ["--test", "csv:test.csv?target=kind"]
        self.assertIn("test accuracy 100.0 %", self.works(*train, *test).out)  # the labels were written into the model
        self.write("net.json", CLASSES[:-1] + ', "io": {"input": {"normalize": "auto"}}}')  # a block of its own is left alone
        self.fails(*train, *test, says=["csv:test.csv?target=kind", '["low", "mid", "top"]', '["mid", "top"]', "one-hot-to-label"])
        self.fails(*train, "--validation", "csv:test.csv?target=kind", says=['"mid", "top"', "one-hot-to-label"])
        self.works(*train, "--out", "out.json")
        self.fails("verify", "out.json", "--data", "csv:test.csv?target=kind", says=['"mid", "top"', "one-hot-to-label"])

    def test_unknown_and_wrong_options_are_named(self):
        self.refuses("sample:xor", 'did you mean "learningRate"?', "--option", "learningrate=1")
        self.refuses("sample:xor", "learningRate", "--option", "learningRate=fast")
        self.refuses("sample:xor", "less than 1, got 1.5", "--option", "momentum=1.5")
        self.write("options.json", '{"maxIterations": 3,}')
        self.refuses("sample:xor", ["options.json", "line 1"], "--options", "options.json")

    def test_counts_are_whole_numbers_that_fit(self):
        self.write("xor.json", XOR)
        for option, value in [("--threads", "-1"), ("--seed", "-1"), ("--seed", "99999999999999999999"), ("--seed", "1x")]:
            result = self.webai("run", "xor.json", "--input", "[1, 0]", option, value)
            self.assertEqual(result.status, 2)
            self.assertIn("not a whole number", result.err)

    def test_weights_that_are_no_numbers_are_refused(self):
        for data in ["[1, 2, 1e39]", '"AADAfwAAAEAAAEBA"']:
            self.write("net.json", '{"layers": [2, 1], "setup": {"data": ' + data + "}}")
            self.fails("run", "net.json", "--input", "[1, 2]", says=["net.json", "/setup/data", "at index 0"])

    def test_what_a_file_says_cannot_move_the_cursor(self):
        self.write("net.json", r'{"layers": [2, {"size": 1, "activation": "t\u001b[2J\u0000x"}]}')
        message = self.fails("info", "net.json", says=[r"t\u001b[2J\u0000x"])
        self.assertNotIn("\x1b", message)
        self.write("net.json", r'''{"layers": [2, {"name": "a\u001b[2Jb\u009b", "size": 2, "activation": "softmax"}],
                   "io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["\u001b[31mred", "b"]}}}}''')
        self.write("data.csv", "1,2,0\n")
        for command in [["info"], ["run", "--input", "[1, 0]"], ["verify", "--data", "csv:data.csv"], ["inspect"]]:
            text = self.works(command[0], "net.json", *command[1:]).out
            self.assertNotRegex(text, "[\x1b\x9b]")
        self.assertIn(r"a\u001b[2Jb\u009b", self.works("info", "net.json").out)

    def test_single_numbers_that_are_no_labels_are_named(self):
        self.write("net.json", '{"layers": [2, {"size": 3, "activation": "softmax"}]}')
        for wrong in ["-1", "1.5"]:
            self.write("data.csv", f"1,2,0\n3,4,{wrong}\n")
            self.refuses("csv:data.csv", ["no label", "from 0 to 2", "data.csv:2"])

    def test_an_absent_device_is_replaced_unless_it_is_required(self):
        self.write("xor.json", XOR)
        hidden = dict(os.environ, OCL_ICD_VENDORS="/nonexistent")
        if "opencl" not in self.works("devices").out or "not here" not in self.works("devices", env=hidden).out:
            self.skipTest("built without OpenCL, or a driver that cannot be hidden")
        replaced = self.works("run", "xor.json", "--input", "[1, 0]", "--device", "opencl", env=hidden)
        self.assertIn("this runs on the CPU", replaced.err)
        self.fails("run", "xor.json", "--input", "[1, 0]", "--device", "opencl", "--require", env=hidden,
                   says=["opencl", "required"])

    def test_inputs_of_a_run_are_checked(self):
        self.write("wide.json", '{"layers": [784, 2]}')
        self.write("numbers.json", "[" + ",".join(["1"] * 785) + "]")
        self.fails("run", "wide.json", "--input", "numbers.json", says="run: input expects 784 values, got 785")
        self.write("xor.json", XOR)
        for text, says in [("[1, [2]]", "side by side"), ("[1, ", "line 1, column"), ('["a"]', 'the text "a"'), ("[1,0", "--input, line 1, column 4: syntax error while parsing array: unexpected end of input"),
                           ("[1e400, 0]", "line 1, column 6: a number is too large for any number type"), ("[1, null]", "--input: holds null"),
                           ("no.json", "webai: no.json: cannot be opened"), ("[]", "input"),
                           ("[1e39, 0]", 'value 0 of input "input" is too large for fp32'), ("x.png", "x.png"), ("x.txt", "x.txt"), ("other=[1, 2]", "other")]:
            self.fails("run", "xor.json", "--input", text, says=says)
        self.write("x.npy", npy([1, float("nan")], [2]))
        result = self.works("run", "xor.json", "--input", "x.npy")
        self.assertEqual(result.out, "[null]\n")
        self.assertIn('1 of 2 values of input "input" are NaN or infinite', result.err)
        self.write("x.png", png(3, 3, [0] * 9))
        self.fails("run", "xor.json", "--input", "x.png", says=["x.png", "3 wide"])
        self.write("x.png", png(2, 1, [1, 2])[:-20])
        self.fails("run", "xor.json", "--input", "x.png", says="x.png")
        self.write("x.csv", "1,2\n1,b\n")
        self.fails("run", "xor.json", "--input", "x.csv", says="x.csv:2")
        self.fails("run", "xor.json", "--input", "[1, 2]", "--output", "y.txt", says="y.txt")


class Disk(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("net.json", '{"layers": [2, 300, 300, 1]}')
        self.train = ["train", "net.json", "--data", "sample:xor", "-q", "--option", "maxIterations=1"]

    def test_a_full_disk_keeps_the_old_file(self):
        def small_files_only():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        self.write("out.json", "the old one")
        self.fails(*self.train, "--out", "out.json", says=["out.json", "the old file was kept"], preexec_fn=small_files_only)
        self.fails(*self.train, "--out", "new.json", says=["new.json", "no file was made"], preexec_fn=small_files_only)

    def test_a_device_without_room_is_an_error(self):
        self.fails(*self.train, "--out", "/dev/full", says=["/dev/full", "No space left"])

    def test_a_checkpoint_without_room_takes_nothing_from_what_was_trained(self):
        result = self.webai(*self.train[:-1], "maxIterations=3", "--checkpoint", "/dev/full", "--every", "1", "--out", "out.json")
        self.assertEqual(result.status, 1)
        self.assertIn("No space left", result.err)
        self.assertIn("the model so far is in out.json", result.err)
        self.works("info", "out.json")

    def test_training_goes_on_when_nobody_reads_its_progress(self):
        command = [PROGRAM, "train", "net.json", "--data", "sample:xor", "--option", "maxIterations=20", "--out", "out.json"]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            process.stderr.readline()
            process.stderr.close()
            self.assertEqual(process.wait(60), 0)
        self.works("info", "out.json")

    def test_a_folder_that_does_not_exist_is_told_before_training(self):
        began = time.monotonic()
        self.fails(*self.train[:-1], "maxIterations=100000000", "--out", "no/such/folder/out.json",
                   says=["no/such/folder/out.json", "nothing was trained"])
        self.assertLess(time.monotonic() - began, 20)

    def test_a_folder_as_out_is_told_before_training(self):
        (self.folder / "folder").mkdir()
        self.fails(*self.train[:-1], "maxIterations=100000000", "--out", "folder", says=["folder", "nothing was trained"])

    def test_what_cannot_be_written_is_told_before_anything_is(self):
        self.trained_xor()
        self.works("convert", "trained.json", "first.json", "--weights", "first.bin")
        before = (self.folder / "first.bin").read_bytes()
        (self.folder / "folder.json").mkdir()
        self.write("other.json", '{"layers": [5, 1]}')
        self.fails("convert", "other.json", "folder.json", "--weights", "first.bin", says=["folder.json", "nothing was written"])
        self.assertEqual((self.folder / "first.bin").read_bytes(), before)
        os.mkfifo(self.folder / "pipe")
        self.fails("train", "trained.json", "--data", "sample:xor", "--out", "pipe", says=["pipe", "nothing was trained"])

    def test_nothing_that_is_written_takes_the_place_of_another_thing(self):
        self.trained_xor()
        before = self.snapshot()
        for out, weights in [("./x.json", "x.json"), ("x.json", "trained.json")]:
            self.fails("convert", "trained.json", out, "--weights", weights, says="would take the place of the model", status=2)
        for options in [["--checkpoint", "trained.json"], ["--plot", "./trained.json"], ["--out", "x", "--checkpoint", "./x"]]:
            self.fails("train", "trained.json", "--data", "sample:xor", *options, says="name the same file", status=2)
        # Nor of what is read.
        self.write("table", "0,1,1\n1,1,0\n")
        self.write("options.json", '{"maxIterations": 1}')
        self.write("input.json", "[1, 0]")
        before = self.snapshot()
        for command in [["train", "trained.json", "--data", "csv:table", "--out", "./table"],
                        ["train", "trained.json", "--data", "sample:xor", "--test", "csv:table", "--plot", "table"],
                        ["train", "trained.json", "--data", "sample:xor", "--options", "options.json", "--out", "options.json"],
                        ["run", "trained.json", "--input", "[1, 0]", "--output", "trained.json"],
                        ["run", "trained.json", "--input", "input.json", "--output", "input.json"],
                        ["run", "trained.json", "--input", "[1, 0]", "--output", "a.json", "--output", "./a.json"],
                        ["inspect", "trained.json", "--dot", "trained.json"]]:
            self.fails(*command, says="name the same file", status=2)
        self.assertEqual(self.snapshot(), before)
        # Nor of the model's weights, nor by a line of a server.
        self.works("convert", "trained.json", "apart.json", "--weights", "apart.npy")
        before = self.snapshot()
        train = ["train", "apart.json", "--data", "sample:xor"]
        for command in [[*train, "--out", "./apart.npy"], [*train, "--plot", "apart.npy"], ["inspect", "apart.json", "--dot", "apart.npy"],
                        ["run", "apart.json", "--input", "[1, 0]", "--output", "apart.npy"]]:
            self.fails(*command, status=2)
        jobs = [{"model": "trained.json", "inputs": {"input": [1, 0]}, "outputs": {"output": "./trained.json"}},
                {"model": "apart.json", "inputs": {"input": [1, 0]}, "outputs": {"output": "apart.npy"}},
                {"model": "trained.json", "inputs": {"input": "input.json"}, "outputs": {"output": "input.json"}}]
        for line in self.works("run", "--lines", stdin="\n".join(map(json.dumps, jobs))).out.splitlines():
            self.assertIn("name the same file", json.loads(line)["error"])
        self.assertEqual(self.snapshot(), before)
        self.fails("train", "trained.json", "--data", "sample:xor", "--out", 300 * "a", says="nothing was trained")
        self.fails("verify", "trained.json", "--data", "sample:xor", "--option", "learningRate=3", says="verify takes", status=2)

    def test_a_foreign_ending_is_not_written_as_json(self):
        self.fails("convert", "net.json", "net.onnx", says=["net.onnx", "cannot be written", ".json"])
        self.trained_xor()
        before = self.snapshot()
        train = ["train", "trained.json", "--data", "sample:xor"]
        for command, says in [([*train, "--out", "net.onnx"], "JSON"), ([*train, "--out", "-"], ".json"),
                              ([*train, "--plot", "curves.png"], "SVG"), (["inspect", "trained.json", "--dot", "graph.svg"], "Graphviz")]:
            self.fails(*command, says=[command[-1], says, "expected a name that ends in"], status=2)
        self.assertEqual(self.snapshot(), before)

    def test_a_file_larger_than_the_buffers_is_streamed(self):
        # 560 MB of zeros that take no room on the disk. Shuffled and cached by default, it must not be held.
        samples, side = 35_000 if SANITIZED else 700_000, 784
        with open(self.folder / "images", "wb") as file:
            file.write(bytes([0, 0, 8, 2]) + samples.to_bytes(4, "big") + side.to_bytes(4, "big"))
            file.truncate(12 + samples * side)
        with open(self.folder / "labels", "wb") as file:
            file.write(bytes([0, 0, 8, 1]) + samples.to_bytes(4, "big"))
            file.truncate(8 + samples)
        self.write("wide.json", '{"layers": [784, 1]}')
        for more in [[], ["--option", "validationSplit=0.1"]]:
            program = subprocess.Popen([PROGRAM, "train", "wide.json", "--data", "idx:images,labels", "-q", "--option",
                                        "maxIterations=1", "--option", "batchSize=256", *more], cwd=self.folder)
            _, status, usage = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(program.returncode, 0)
            if not SANITIZED:
                self.assertLess(usage.ru_maxrss, 100_000)  # kB

    def test_standard_output_without_room_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "devices"], stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output", done.stderr)

    def test_standard_input_that_cannot_be_read_is_an_error(self):
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        done = subprocess.run([PROGRAM, "run", "--lines"], stdin=folder, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard input cannot be read: Is a directory", done.stderr)


class Interrupts(CommandTest):
    def interrupt(self, *more, number=signal.SIGINT):
        """Starts an endless training, interrupts it in its third epoch or later, answers status and text."""
        self.write("net.json", XOR)
        command = [PROGRAM, "train", "net.json", "--data", "sample:xor", "--option", "maxIterations=1000000000", *more]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            text = b""
            while b"epoch 3/" not in text:
                line = process.stderr.readline()
                self.assertTrue(line, text)
                text += line
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), (text + err).decode()

    def test_ctrl_c_writes_the_model_so_far(self):
        status, out, err = self.interrupt("--out", "out.json", "--plot", "out.svg")
        self.assertEqual(status, 1)
        self.assertIn("saved out.json", out)
        messages = [line for line in err.splitlines() if line.startswith("webai: ")]
        self.assertEqual(len(messages), 1)
        self.assertRegex(messages[0], r"^webai: training was ended by Ctrl-C in epoch \d+; the model so far is in out.json$")
        self.assertTrue((self.folder / "out.svg").exists())
        self.assertIn("data", self.read_json("out.json")["setup"])
        self.works("run", "out.json", "--input", "[1, 0]")
        self.assertEqual(sorted(self.snapshot()), ["net.json", "out.json", "out.svg"])

    def test_before_training_there_is_nothing_to_save(self):
        self.write("net.json", XOR)
        os.mkfifo(self.folder / "data.csv")  # that nobody writes to
        for number in [signal.SIGINT, signal.SIGTERM]:
            with subprocess.Popen([PROGRAM, "train", "net.json", "--data", "csv:data.csv", "--out", "out.json"],
                                  cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                caught = 0
                while not caught >> (number - 1) & 1:
                    self.assertIsNone(process.poll())
                    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
                process.send_signal(number)
                out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out), (1, b""))
            self.assertEqual(err, b"webai: ended before training began; nothing was written\n")
        self.assertEqual(sorted(self.snapshot()), ["net.json"])

    def test_before_the_first_step_the_old_file_stays_and_nothing_is_said_to_be_saved(self):
        samples = 20_000
        with open(self.folder / "images", "wb") as file:
            file.write(bytes([0, 0, 8, 2]) + samples.to_bytes(4, "big") + (2000).to_bytes(4, "big"))
            file.truncate(12 + samples * 2000)
        with open(self.folder / "labels", "wb") as file:
            file.write(bytes([0, 0, 8, 1]) + samples.to_bytes(4, "big"))
            file.truncate(8 + samples)
        self.write("net.json", '{"layers": [2000, 1], "io": {"input": {"normalize": "auto"}}}')
        self.write("out.json", "of before")
        with subprocess.Popen([PROGRAM, "train", "net.json", "--data", "idx:images,labels", "--out", "out.json", "--plot", "out.svg"],
                              cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertIn(b"to learn from", process.stderr.readline())
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"ended before its first step by Ctrl-C; nothing was written to out.json", err)
        self.assertNotIn(b"saved", out)
        self.assertEqual((self.folder / "out.json").read_text(), "of before")
        self.assertFalse((self.folder / "out.svg").exists())

    def test_a_request_to_terminate_is_taken_the_same_way(self):
        status, _, err = self.interrupt("--out", "out.json", number=signal.SIGTERM)
        self.assertEqual(status, 1)
        self.works("info", "out.json")

    def test_a_test_that_is_interrupted_leaves_the_trained_model(self):
        samples = 35_000 if SANITIZED else 700_000  # of zeros, which take no room on the disk
        for name, count in [("few", 2), ("many", samples)]:
            with open(self.folder / f"{name}.images", "wb") as file:
                file.write(bytes([0, 0, 8, 2]) + count.to_bytes(4, "big") + (784).to_bytes(4, "big"))
                file.truncate(12 + count * 784)
            with open(self.folder / f"{name}.labels", "wb") as file:
                file.write(bytes([0, 0, 8, 1]) + count.to_bytes(4, "big"))
                file.truncate(8 + count)
        self.write("net.json", '{"layers": [784, 200, 1]}')
        command = [PROGRAM, "train", "net.json", "--data", "idx:few.images,few.labels", "--test", "idx:many.images,many.labels",
                   "--out", "out.json", "-q", "--option", "maxIterations=1"]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while not (self.folder / "out.json").exists():
                self.assertIsNone(process.poll())
                time.sleep(0.001)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(err.decode(), "webai: the test was ended by Ctrl-C; the model is in out.json\n")
        self.assertNotIn("test", out.decode())
        self.works("info", "out.json")

    def test_without_out_the_message_says_that_nothing_was_saved(self):
        status, out, err = self.interrupt("--json")
        self.assertEqual(status, 1)
        self.assertIn("the model was not saved", err)
        self.assertIn('"stop_reason": "stopTraining"', out)


if __name__ == "__main__":
    unittest.main(verbosity=2)  # names each test, for docs/requirements.md
