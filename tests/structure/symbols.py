#!/usr/bin/env python3
"""Lists what the core's objects ask of others and fails on what only a host may do (docs/architecture.md).

`symbols.py FILE` reads object paths from FILE, one a line; `symbols.py --self-test COMPILER` compiles one planted
violation of each kind and fails unless all are found. The tables below are the whole rule.

What cannot be avoided and is allowed: std::terminate (noexcept), __cxa_* (exceptions, guarded statics), operator new
and delete (containers), std::__throw_* and the mem* and math functions. Some of these end in abort() inside libstdc++;
none does on a path that our code takes.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

# Why -> C functions, by exact name.
FORBIDDEN = {
    "ends the process": "abort exit _exit _Exit quick_exit __assert_fail raise kill",
    "reads or changes the environment": "getenv secure_getenv setenv putenv unsetenv setlocale",
    "opens files": "open open64 openat openat64 creat creat64 fopen fopen64 fdopen freopen freopen64 tmpfile remove "
                   "rename unlink mkstemp stat fstat read write close mmap munmap",
    "prints": "printf fprintf vprintf vfprintf dprintf puts putchar fputs fputc fwrite perror "
              "__printf_chk __fprintf_chk __vfprintf_chk stdout stderr",
    "depends on the locale": "sprintf snprintf vsprintf vsnprintf __snprintf_chk __vsnprintf_chk __sprintf_chk sscanf "
                             "__isoc99_sscanf strtod strtof strtold strtol atof atoi",
    "starts threads or processes": "pthread_create fork vfork execve execvp system popen clone",
    "loads code": "dlopen dlsym dlclose",
    "takes memory past the context": "malloc calloc realloc free aligned_alloc posix_memalign memalign alloca",
    "reads a clock": "time gettimeofday clock_gettime clock localtime gmtime",
    "draws randomness": "rand srand random srandom drand48 rand_r getrandom getentropy",
    "touches signals": "signal sigaction sigprocmask pthread_sigmask",
    "talks to the network": "socket connect bind listen accept getaddrinfo",
}
# Why -> C++ names, as patterns over demangled symbols.
FORBIDDEN_CPP = {
    "prints": r"std::(cout|cerr|clog|wcout|ios_base::Init)\b",
    "opens files": r"std::(basic_filebuf|basic_ifstream|basic_ofstream|basic_fstream)<|std::filesystem::",
    "starts threads": r"std::thread::_M_start_thread",
    "reads a clock": r"std::chrono::_V2::(system|steady)_clock::now",
    "draws randomness": r"std::random_device",
    "loads code": r"hwy::Abort",
}
# Object (end of its path) and symbol -> why it may nevertheless.
EXEMPT = {
    ("src/core/model/json_read.cpp.o", "strtod"):
        "the JSON library's lexer; it asks for the locale's decimal point first, so numbers read the same everywhere",
    ("src/core/model/json_read.cpp.o", "snprintf"):
        "the JSON library's own error texts: hexadecimal codes of characters, which no locale changes",
}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check_undefined(path):
    """What an object asks of others that it must not."""
    exact = {name: why for why, names in FORBIDDEN.items() for name in names.split()}
    for line in run("nm", "--undefined-only", "--demangle", "-P", path).splitlines():
        name = re.sub(r" [Uvw] .*$| [Uvw]$", "", line).split("@")[0].strip()
        why = exact.get(name)
        for reason, pattern in FORBIDDEN_CPP.items():
            if re.match(pattern, name):
                why = reason
        if why and not any(path.endswith(end) and name == symbol for end, symbol in EXEMPT):
            yield f"{path}: {name} ({why})"


def check_sections(path):
    """Static constructors, and variables that are neither constant nor a guarded constant's home."""
    table = run("objdump", "--syms", "--demangle", path)
    if re.search(r"^ \s*\d+ \.init_array", run("objdump", "--section-headers", path), re.MULTILINE):
        yield f"{path}: a static constructor (.init_array): make it constexpr, or build it where it is used"
    guarded = {name for name in re.findall(r"guard variable for (.*)$", table, re.MULTILINE)}
    for line in table.splitlines():
        match = re.match(r"^[0-9a-f]+ (.{7}) (\.(?:data|bss|tdata|tbss)\S*)\s+[0-9a-f]+ (?:\.hidden )?(.*)$", line)
        if not match:
            continue
        flags, section, name = match.groups()
        constant = section.startswith(".data.rel.ro") or name.startswith(("guard variable for", "DW.ref."))
        if (flags[-1] == "O" or section.startswith(".t")) and not constant and name not in guarded and name != section:
            yield f"{path}: {name} is a variable of the whole program ({section}): it belongs into the context"


def check_objects(paths):
    problems = []
    for path in paths:
        problems += check_undefined(path)
        problems += check_sections(path)
    return problems


PLANTED = {
    "abort": "void f() { __builtin_abort(); }",
    "exit": "#include <cstdlib>\nvoid f() { std::exit(1); }",
    "getenv": "#include <cstdlib>\nbool f() { return std::getenv(\"A\"); }",
    "open": "#include <fcntl.h>\nint f() { return open(\"a\", O_RDONLY); }",
    "fopen": "#include <cstdio>\nbool f() { return std::fopen(\"a\", \"r\"); }",
    "ifstream": "#include <fstream>\nbool f() { std::ifstream a(\"a\"); return a.good(); }",
    "printf": "#include <cstdio>\nvoid f(int a) { std::printf(\"%d\", a); }",
    "cout": "#include <iostream>\nvoid f(int a) { std::cout << a; }",
    "snprintf": "#include <cstdio>\nint f(char* a, double b) { return std::snprintf(a, 9, \"%f\", b); }",
    "pthread": "#include <pthread.h>\nint f(pthread_t* t, void* (*g)(void*)) { return pthread_create(t, 0, g, 0); }",
    "thread": "#include <thread>\nvoid f() { std::thread([] {}).join(); }",
    "malloc": "#include <cstdlib>\nvoid* f() { return std::malloc(9); }",
    "clock": "#include <chrono>\nauto f() { return std::chrono::steady_clock::now(); }",
    "random": "#include <random>\nauto f() { return std::random_device()(); }",
    "constructor": "#include <string>\nextern int g(); int a = g();",
    "global": "int counter; int f() { return ++counter; }",
    "thread_local": "thread_local int counter; int f() { return ++counter; }",
}
HARMLESS = """
#include <stdexcept>
#include <string>
#include <vector>
static const char* const names[] = {"a", "b"};
std::string f(int i) { return names[i]; }
const std::vector<int>& table() { static const std::vector<int> t{1, 2, 3}; return t; }
void g(int a) noexcept { if (a) throw std::runtime_error("x"); }
double h(const std::vector<double>& a) { return __builtin_exp(a.at(0)); }
struct Base { virtual ~Base() = default; virtual int v() { return 1; } };
Base* make() { return new Base; }
"""


def self_test(compiler):
    failures = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for title, text in {**PLANTED, "harmless": HARMLESS}.items():
            source, output = folder / f"{title}.cpp", str(folder / f"{title}.o")
            source.write_text(text, encoding="utf-8")
            run(compiler, "-std=c++20", "-O1", "-fPIC", "-c", str(source), "-o", output)
            problems = check_objects([output])
            if title == "harmless":
                failures += [f"falsely accused: {problem}" for problem in problems]
            elif not problems:
                failures.append(f"not noticed: {title}")
    return failures


def main():
    if sys.argv[1] == "--self-test":
        problems = self_test(sys.argv[2])
        print(f"{len(PLANTED)} planted violations")
    else:
        paths = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").split()
        problems = check_objects(paths) if paths else ["no objects were named"]
        print(f"{len(paths)} objects read")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
