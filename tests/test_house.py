"""The house rules, read off the syntax trees: which way imports point, what stays pure, what no file may name."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KNOWLEDGE = sorted((ROOT / "knowledge").rglob("*.py"))
BOT = sorted((ROOT / "bot").rglob("*.py"))
MAX_LINES = 400

PURE_VENDORS = {"regex", "rapidfuzz", "jinja2", "inscriptis", "lxml", "markupsafe"}
"""Libraries that work on values alone."""
IMPURE_MODULES = {
    "asyncio",
    "fcntl",
    "ftplib",
    "glob",
    "http",
    "imaplib",
    "mmap",
    "multiprocessing",
    "os",
    "poplib",
    "random",
    "select",
    "shutil",
    "signal",
    "smtplib",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "httpx",
    "sqlmodel",
    "sqlalchemy",
    "rich",
    "typer",
    "logging",
}
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "__import__", "breakpoint"}
IMPURE_METHODS = {
    "now",
    "utcnow",
    "today",
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "unlink",
    "mkdir",
    "iterdir",
    "urlopen",
}
PURE_NAMES = {"socket.AF_INET", "socket.AF_INET6", "socket.inet_ntop", "socket.inet_pton", "time"}
"""Parts of them that touch nothing: addresses as text, and time limits (only time.monotonic may be called)."""

SHELL = {
    "bot.core",
    "bot.logs",
    "bot.ports",
    "bot.errors",
    "bot.settings",
    "bot.triage",
    "bot.answer",
    "bot.cards",
    "bot.door",
    "bot.handle",
    "bot.decide",
    "bot.decide_incident",
    "bot.deliver",
    "bot.work",
    "bot.chores",
    "bot.reporting",
    "bot.incidents",
    "bot.probing",
    "bot.shadowing",
    "bot.adapters",
    "knowledge",
}
"""What whoever wires the parts, or lets people command them, may import."""
LAYERS: dict[str, set[str]] = {
    "knowledge": {"knowledge"},
    "bot.errors": set(),
    "bot.logs": {"bot.logs", "bot.errors"},
    "bot.core": {"bot.core", "bot.logs", "bot.errors", "knowledge"},
    "bot.failpoints": set(),
    "bot.ports": {"bot.core", "bot.logs", "bot.errors", "knowledge"},
    "bot.settings_areas": {"bot.errors"},
    "bot.settings": {"bot.errors", "bot.settings_areas"},
    "bot.triage": {"bot.core", "bot.logs", "bot.ports", "bot.errors", "knowledge"},
    "bot.answer": {"bot.core", "bot.ports", "bot.errors", "knowledge"},
    "bot.look_again": {"bot.core", "bot.ports", "bot.errors", "bot.triage"},
    "bot.cards": {"bot.core", "bot.ports"},
    "bot.door": {"bot.core", "bot.ports", "bot.cards"},
    "bot.handle": {
        "bot.core",
        "bot.logs",
        "bot.ports",
        "bot.errors",
        "bot.triage",
        "bot.answer",
        "bot.cards",
        "bot.look_again",
        "knowledge",
    },
    "bot.decide": {"bot.core", "bot.ports", "bot.errors", "bot.cards", "bot.answer"},
    "bot.deliver": {"bot.core", "bot.ports", "bot.errors", "bot.cards"},
    "bot.chores": {"bot.core", "bot.ports", "bot.errors"},
    "bot.reporting": {"bot.core", "bot.ports", "bot.errors", "knowledge"},
    "bot.decide_incident": {"bot.core", "bot.ports", "bot.cards", "bot.decide"},
    "bot.incidents": {"bot.core", "bot.ports", "bot.errors", "bot.decide_incident", "bot.reporting"},
    "bot.probing": {"bot.core", "bot.ports", "bot.errors"},
    "bot.shadowing": {"bot.core", "bot.ports", "bot.errors", "bot.triage", "knowledge"},
    "bot.work": {"bot.ports", "bot.errors", "bot.handle", "bot.deliver"},
    "bot.adapters": {
        "bot.core",
        "bot.logs",
        "bot.ports",
        "bot.errors",
        "bot.settings",
        "bot.settings_areas",
        "bot.failpoints",
        "bot.triage",
        "bot.cards",
        "bot.door",
        "bot.decide",
        "bot.decide_incident",
        "knowledge",
    },
    "bot.bootstrap": SHELL,
    "bot.bootstrap_desk": SHELL | {"bot.bootstrap"},
    "bot.commands": SHELL | {"bot.bootstrap", "bot.bootstrap_desk", "bot.commands"},
    "bot.cli_app": set(),
    "bot.cli_desk": {"bot.cli_app", "bot.commands"},
    "bot.cli_report": {"bot.cli_app", "bot.commands"},
    "bot.cli": {"bot.cli_app", "bot.cli_desk", "bot.cli_report", "bot.commands", "bot.errors", "bot.bootstrap"},
    "bot.__main__": {"bot.cli"},
}
"""Who may import whom; what is not named here may be imported by nobody. An adapter's own package is added to its
row."""


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """(module, line) of every import, inside functions too; ``from a import b`` gives a.b, which may be a module."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{_name(path)}:{node.lineno}: relative import; write the whole name"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _layer(module: str) -> str:
    found = [layer for layer in LAYERS if _is_in(module, layer)]
    assert found, f"{module}: belongs to no layer; add it to LAYERS with what it may import"
    return max(found, key=len)


def _ours(path: Path) -> list[tuple[str, int]]:
    return [(m, line) for m, line in _imports(path) if m.partition(".")[0] in ("bot", "knowledge")]


def test_the_house_is_not_empty() -> None:
    assert len(KNOWLEDGE) >= 5 and len(BOT) >= 40


def test_imports_point_one_way() -> None:
    wrong = []
    for path in (*KNOWLEDGE, *BOT):
        module = _name(path)
        if module == "bot":
            assert not _ours(path), "bot/__init__.py imports nothing"
            continue
        allowed = set(LAYERS[_layer(module)])
        if module.startswith("bot.adapters."):
            allowed.add(".".join(module.split(".")[:3]))
        wrong += [
            f"{module}:{line} imports {target}"
            for target, line in _ours(path)
            if target != "bot" and not any(_is_in(target, a) for a in allowed)
        ]
    assert not wrong, "\n".join(wrong)


def test_knowledge_needs_the_standard_library_and_what_searches_texts_only() -> None:
    wrong = [
        f"{_name(path)}:{line} imports {module}"
        for path in KNOWLEDGE
        for module, line in _imports(path)
        if (top := module.partition(".")[0]) not in sys.stdlib_module_names
        and top not in ("regex", "ahocorasick", "knowledge")
    ]
    assert not wrong, "\n".join(wrong)


def _pure() -> list[Path]:
    return [
        p
        for p in BOT
        if _name(p).startswith(("bot.core", "bot.logs")) or _name(p) in ("bot.ports", "bot.triage", "bot.errors")
    ]


def test_the_core_imports_nothing_that_touches_the_world() -> None:
    wrong = []
    for path in _pure():
        for module, line in _imports(path):
            top = module.partition(".")[0]
            if top in ("bot", "knowledge"):
                continue
            vendor = top not in sys.stdlib_module_names
            if (vendor and top not in PURE_VENDORS) or (
                module not in PURE_NAMES and any(_is_in(module, bad) for bad in IMPURE_MODULES)
            ):
                wrong.append(f"{_name(path)}:{line} imports {module}")
            if top == "pathlib" and module != "pathlib.PurePath":
                wrong.append(f"{_name(path)}:{line} imports {module}; only PurePath is pure")
    assert not wrong, "\n".join(wrong)


def test_the_core_asks_no_clock_and_opens_no_file() -> None:
    wrong = []
    for path in _pure():
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.Call):
                continue
            function = node.func
            if isinstance(function, ast.Name) and function.id in IMPURE_CALLS:
                wrong.append(f"{_name(path)}:{node.lineno} calls {function.id}()")
            if (
                isinstance(function, ast.Attribute)
                and function.attr in IMPURE_METHODS
                and not _on_the_clock_port(function)
            ):
                wrong.append(f"{_name(path)}:{node.lineno} calls .{function.attr}()")
            if (
                isinstance(function, ast.Attribute)
                and isinstance(function.value, ast.Name)
                and function.value.id == "time"
                and function.attr in ("time", "time_ns", "sleep", "localtime", "gmtime", "strftime")
            ):
                wrong.append(f"{_name(path)}:{node.lineno} calls time.{function.attr}()")
    assert not wrong, "\n".join(wrong)


def _on_the_clock_port(function: ast.Attribute) -> bool:
    """``self.clock.now()`` asks the port, which a test may fake."""
    return function.attr == "now" and isinstance(function.value, ast.Attribute) and function.value.attr == "clock"


def test_the_console_imports_commands_inside_functions_only() -> None:
    console = {"bot.errors", *(_name(path) for path in (ROOT / "bot").glob("cli*.py"))}
    for path in (ROOT / "bot").glob("cli*.py"):
        for node in _tree(path).body:
            modules = (
                [f"{node.module}.{alias.name}" for alias in node.names]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            for module in modules:
                assert not _is_in(module, "bot") or any(_is_in(module, known) for known in console), (
                    f"{path.name}:{node.lineno}: slows --help down"
                )


def test_only_the_console_and_the_commands_print() -> None:
    wrong = []
    for path in BOT:
        if not _name(path).startswith(("bot.commands", "bot.cli")):
            wrong += [
                f"{_name(path)}:{node.lineno}"
                for node in ast.walk(_tree(path))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            ]
    assert not wrong, "\n".join(wrong)


def test_nothing_catches_everything() -> None:
    wrong = []
    for path in (*KNOWLEDGE, *BOT):
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ExceptHandler):
                caught = [] if node.type is None else [n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)]
                passed_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
                if not passed_on and (node.type is None or {"Exception", "BaseException"} & set(caught)):
                    wrong.append(f"{_name(path)}:{node.lineno}")
    assert not wrong, "catch what you can name: " + ", ".join(wrong)


@pytest.mark.parametrize("word", ["trekmail", "217.76.58.218"])
def test_the_hosts_own_facts_stand_in_knowledge_only(word: str) -> None:
    wrong = [
        f"{_name(path)}:{n}"
        for path in BOT
        for n, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if word in line.lower()
    ]
    assert not wrong, f"{word} is named in " + ", ".join(wrong)


@pytest.mark.parametrize("path", [*KNOWLEDGE, *BOT], ids=_name)
def test_modules_stay_readable(path: Path) -> None:
    lines = path.read_text("utf-8").count("\n")
    assert lines <= MAX_LINES, f"{_name(path)} has {lines} lines; split it"


@pytest.mark.parametrize("path", [*KNOWLEDGE, *BOT], ids=_name)
def test_what_is_public_says_what_it_is(path: Path) -> None:
    tree = _tree(path)
    if tree.body:
        assert ast.get_docstring(tree), f"{_name(path)} has no docstring"
    wrong = [name for name, node in _public(tree) if not ast.get_docstring(node)]
    assert not wrong, f"{_name(path)}: no docstring: {', '.join(wrong)}"


def _public(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node


# -- what no file may name -----------------------------------------------------------------------------

IGNORED = {".git", ".venv", "var", "build", "dist", "node_modules", "__pycache__"}
DATA = {".json", ".jsonl", ".eml", ".txt", ".html", ".log", ".toml", ".csv", ".gz"}
# put together here, so that this file passes its own test
HOMES = ("/" + "work/", "/" + "home/", "/" + "Users/")
REGISTRIES = (
    "pypi" + ".org",
    "python" + "hosted",
    "npmjs" + ".",
    "crates" + ".io",
    "proxy." + "golang",
    "arti" + "factory",
    "/simple" + "/",
    "index" + "-url =",
)


def _files() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not any(
            p in IGNORED or p.endswith("_cache") or p in (".hypothesis",) or p.endswith(".egg-info") for p in parts
        ):
            yield path


def test_no_file_names_the_machine_or_a_package_registry() -> None:
    wrong = []
    for path in _files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        tickets = "tests" in path.parts and path.suffix in DATA
        # a customer's own pasted paths are data; this checkout's place is never
        needles = (str(ROOT) + "/", HOMES[0], *REGISTRIES) if tickets else (str(ROOT) + "/", *HOMES, *REGISTRIES)
        wrong += [f"{path.relative_to(ROOT)}: {needle}" for needle in needles if needle in text]
    assert not wrong, "\n".join(wrong)
