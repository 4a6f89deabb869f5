"""What the tests of the webai command share: running it, small files, small checks."""
import contextlib
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest
import zlib

PROGRAM = os.environ.get("WEBAI", "webai")
SANITIZED = os.environ.get("WEBAI_SANITIZED", "") != ""
SLOW = SANITIZED or os.environ.get("WEBAI_BUILD_TYPE") == "Debug"

XOR = '{"layers": [2, 3, 1], "activation": "tanh"}'
CLASSES = '{"layers": [4, 8, {"size": 3, "activation": "softmax"}], "activation": "tanh"}'


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def json(self):
        return json.loads(self.out)


class CommandTest(unittest.TestCase):
    """Each test has a folder of its own, which is also where the command runs."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read_json(self, name):
        return json.loads((self.folder / name).read_text())

    def webai(self, *arguments, stdin="", timeout=120, **options):
        done = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin.encode(), capture_output=True,
                              cwd=self.folder, timeout=timeout, **options)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def works(self, *arguments, **options):
        """Runs, expects success, answers the result."""
        result = self.webai(*arguments, **options)
        self.assertEqual(result.status, 0, result.err)
        return result

    def fails(self, *arguments, says=(), status=1, **options):
        """Runs, expects one clear message that says all of `says`, and no file left behind half done."""
        before = self.snapshot()
        result = self.webai(*arguments, **options)
        self.assertEqual(result.status, status, f"{arguments}\n{result.out}\n{result.err}")
        messages = [line for line in result.err.splitlines() if line.startswith("webai: ")]
        self.assertEqual(len(messages), 1, result.err)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, messages[0])
        self.assertEqual(result.out, "")
        self.assertEqual(self.snapshot(), before, "files changed")
        return messages[0]

    def snapshot(self):
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir()) if path.is_file()}

    def trained_xor(self, name="trained.json"):
        self.write("xor.json", XOR)
        self.works("train", "xor.json", "--data", "sample:xor", "--out", name, "-q")
        return name


def read_terminal(descriptor):
    """All that was written to a terminal whose other side is closed; one read need not bring all."""
    text = b""
    with contextlib.suppress(OSError):  # what Linux says at the end
        while part := os.read(descriptor, 65536):
            text += part
    os.close(descriptor)
    return text.decode()


def idx(dims, values, kind=8):
    """An IDX file of bytes."""
    return bytes([0, 0, kind, len(dims)]) + b"".join(struct.pack(">I", d) for d in dims) + bytes(values)


def png(width, height, pixels, colour=0):
    """A PNG of 8 bits a channel: colour 0 is gray, 2 is RGB."""
    channels = 3 if colour == 2 else 1
    rows = b"".join(b"\0" + bytes(pixels[y * width * channels:(y + 1) * width * channels]) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def npy(values, shape, kind="<f4", code="f"):
    header = repr({"descr": kind, "fortran_order": False, "shape": tuple(shape)}).encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}{code}", *values)


def read_npy(content):
    """Shape and fp32 values of an .npy file."""
    length = struct.unpack_from("<H", content, 8)[0]
    header = eval(content[10:10 + length].decode(), {"__builtins__": {}})  # a literal that our own program wrote
    data = content[10 + length:]
    return header["shape"], list(struct.unpack(f"<{len(data) // 4}f", data))


IRIS_LIKE = "a,b,c,d,kind\n" + "".join(
    f"{k + 0.1 * (i % 5)},{0.5 * i % 1},{k},{1 - k / 2},{name}\n"
    for i in range(30) for k, name in [(i % 3, ["low", "mid", "top"][i % 3])])
