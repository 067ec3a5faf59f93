// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "base/proc.h"
#include "extend/outline.h"

/* Python source as names: what a module binds and imports. */

/*
 * Each expectation was printed by CPython 3.13's ast (bindings as "LINE KIND NAME[ cond][ deco][
 * static][ gen]", imports as "import [.]MODULE[(NAMES)][ nested]"), sorted bytewise.
 */
/* clang-format off */
static const struct {
	const char *name, *source, *want;
} cases[] = {
	{ "plain def",
	  "def f(x):\n"
	  "    return x\n",
	  "1 def f" },
	{ "two defs",
	  "def f(x): return x\n"
	  "def g(x): return -x\n",
	  "1 def f\n"
	  "2 def g" },
	{ "one-line body with semicolons",
	  "def f(x): a = 1; return a\n"
	  "b = 2; c = 3\n",
	  "1 def f\n"
	  "2 assign b\n"
	  "2 assign c" },
	{ "async def",
	  "async def f(x):\n"
	  "    await g(x)\n",
	  "1 async f" },
	{ "decorated",
	  "@cache\n"
	  "@other(1, key='v')\n"
	  "def f(x):\n"
	  "    return x\n",
	  "3 def f deco" },
	{ "decorator with a call over lines",
	  "@deco(\n"
	  "    1,\n"
	  "    2,\n"
	  ")\n"
	  "def f(x):\n"
	  "    return x\n",
	  "5 def f deco" },
	{ "class with methods",
	  "class C:\n"
	  "    a = 1\n"
	  "    def m(self):\n"
	  "        b = 2\n"
	  "    @staticmethod\n"
	  "    def s(x):\n"
	  "        return x\n"
	  "    @classmethod\n"
	  "    def k(cls): pass\n",
	  "1 class C\n"
	  "2 assign C.a\n"
	  "3 def C.m\n"
	  "6 def C.s deco static\n"
	  "9 def C.k deco static" },
	{ "nested class",
	  "class C(Base, metaclass=M):\n"
	  "    class D:\n"
	  "        def m(self): pass\n"
	  "    def n(self): pass\n",
	  "1 class C\n"
	  "2 class C.D\n"
	  "3 def C.D.m\n"
	  "4 def C.n" },
	{ "class in a function",
	  "def f():\n"
	  "    class C:\n"
	  "        def m(self): pass\n"
	  "    def g(): pass\n"
	  "    return C\n",
	  "1 def f" },
	{ "conditional definitions",
	  "if sys.version_info > (3, 8):\n"
	  "    def f(x): return 1\n"
	  "elif a:\n"
	  "    def f(x): return 2\n"
	  "else:\n"
	  "    def f(x): return 3\n",
	  "2 def f cond\n"
	  "4 def f cond\n"
	  "6 def f cond" },
	{ "try import except def",
	  "try:\n"
	  "    from fast import f\n"
	  "except ImportError:\n"
	  "    def f(x):\n"
	  "        return x\n"
	  "else:\n"
	  "    g = 1\n"
	  "finally:\n"
	  "    h = 2\n",
	  "2 import f cond\n"
	  "4 def f cond\n"
	  "7 assign g cond\n"
	  "9 assign h cond\n"
	  "import fast(f)" },
	{ "re-import from",
	  "def f(x): pass\n"
	  "from other import f\n",
	  "1 def f\n"
	  "2 import f\n"
	  "import other(f)" },
	{ "re-import as",
	  "def f(x): pass\n"
	  "import other.mod as f, more\n",
	  "1 def f\n"
	  "2 import f\n"
	  "2 import more\n"
	  "import more\n"
	  "import other.mod" },
	{ "import dotted",
	  "import a.b.c, d.e as g\n",
	  "1 import a\n"
	  "1 import g\n"
	  "import a.b.c\n"
	  "import d.e" },
	{ "from with brackets",
	  "from a.b import (c as d,\n"
	  "    e, # comment ) here\n"
	  "    f,\n"
	  ")\n",
	  "1 import d\n"
	  "2 import e\n"
	  "3 import f\n"
	  "import a.b(c,e,f)" },
	{ "relative imports",
	  "from . import a\n"
	  "from .b import c\n"
	  "from ..d.e import g as h\n"
	  "from ... import i\n",
	  "1 import a\n"
	  "2 import c\n"
	  "3 import h\n"
	  "4 import i\n"
	  "import .(a)\n"
	  "import ...(i)\n"
	  "import ..d.e(g)\n"
	  "import .b(c)" },
	{ "star import",
	  "from a import *\n"
	  "from .b import *\n",
	  "import .b(*)\n"
	  "import a(*)" },
	{ "imports in functions",
	  "def f():\n"
	  "    import a.b\n"
	  "    from .c import d\n"
	  "    class K:\n"
	  "        import e\n",
	  "1 def f\n"
	  "import .c(d) nested\n"
	  "import a.b nested\n"
	  "import e nested" },
	{ "rebound by assignment",
	  "def f(x): pass\n"
	  "f = 1\n",
	  "1 def f\n"
	  "2 assign f" },
	{ "lambda",
	  "f = lambda x: x\n"
	  "g = h = lambda a, b=1, *c: (a, b)\n",
	  "1 lambda f\n"
	  "2 assign g\n"
	  "2 lambda h" },
	{ "lambda with default keeps its equals",
	  "f = lambda x=1, y=2: x == y\n",
	  "1 lambda f" },
	{ "annotated",
	  "f: int = 3\n"
	  "g: 'Callable[[int], int]'\n"
	  "h: list[int] = []\n"
	  "obj.attr: int = 4\n",
	  "1 assign f\n"
	  "3 assign h" },
	{ "augmented",
	  "f += 1\n"
	  "g //= 2\n"
	  "h @= 3\n"
	  "i **= 4\n"
	  "j <<= 5\n"
	  "x.y += 6\n"
	  "z[0] -= 7\n",
	  "1 assign f\n"
	  "2 assign g\n"
	  "3 assign h\n"
	  "4 assign i\n"
	  "5 assign j" },
	{ "comparisons are no assignments",
	  "f == 1\n"
	  "g <= 2\n"
	  "h >= 3\n"
	  "i != 4\n",
	  "" },
	{ "unpacking",
	  "a, (b, [c, *d]) = 1, (2, [3, 4])\n"
	  "(e), f = 1, 2\n"
	  "[g] = [1]\n",
	  "1 assign a\n"
	  "1 assign b\n"
	  "1 assign c\n"
	  "1 assign d\n"
	  "2 assign e\n"
	  "2 assign f\n"
	  "3 assign g" },
	{ "attributes and items are no names",
	  "a.b = 1\n"
	  "c[d] = 2\n"
	  "e(g).h = 3\n"
	  "i[j].k, l = 4, 5\n",
	  "4 assign l" },
	{ "chained",
	  "a = b.c = d[e] = f = 1\n",
	  "1 assign a\n"
	  "1 assign f" },
	{ "del",
	  "def f(x): pass\n"
	  "del f\n"
	  "del a, (b, c), d[e], g.h\n",
	  "1 def f\n"
	  "2 del f\n"
	  "3 del a\n"
	  "3 del b\n"
	  "3 del c" },
	{ "for",
	  "for f in range(3): pass\n"
	  "for a, (b, *c) in x: d = 1\n"
	  "else: e = 2\n"
	  "for g.h in i: pass\n"
	  "for j[k] in l: pass\n",
	  "1 assign f\n"
	  "2 assign a\n"
	  "2 assign b\n"
	  "2 assign c\n"
	  "2 assign d cond\n"
	  "3 assign e cond" },
	{ "with",
	  "with open(a) as f, b as (c, d), e: pass\n"
	  "with (open(g) as h, i as j): pass\n"
	  "with (k): pass\n"
	  "with l as m.n: pass\n",
	  "1 assign c\n"
	  "1 assign d\n"
	  "1 assign f\n"
	  "2 assign h\n"
	  "2 assign j" },
	{ "except as",
	  "try:\n"
	  "    pass\n"
	  "except (A, B) as f:\n"
	  "    pass\n"
	  "except C:\n"
	  "    pass\n",
	  "3 assign f" },
	{ "except star",
	  "try:\n"
	  "    pass\n"
	  "except* A as f:\n"
	  "    g = 1\n",
	  "3 assign f\n"
	  "4 assign g cond" },
	{ "while and walrus",
	  "while (f := g()) and (h := i): pass\n"
	  "print(j := 1, [k := 2 for l in m])\n",
	  "1 assign f\n"
	  "1 assign h\n"
	  "2 assign j\n"
	  "2 assign k" },
	{ "walrus in a lambda is its own",
	  "a = lambda: (b := 1)\n"
	  "c = [lambda x: (d := x), (e := 2)]\n",
	  "1 lambda a\n"
	  "2 assign c\n"
	  "2 assign e" },
	{ "walrus behind a lambda of a comprehension",
	  "a = [lambda x: (b := x) for x in y if (f := x)]\n",
	  "1 assign a\n"
	  "1 assign f" },
	{ "walrus in comprehension and if",
	  "if any((f := x) for x in y): pass\n",
	  "1 assign f" },
	{ "match",
	  "match command:\n"
	  "    case [f, *rest]: pass\n"
	  "    case {'k': v, **others}: pass\n"
	  "    case Point(x=0, y=yy) as p: pass\n"
	  "    case a.b.C(d): pass\n"
	  "    case 'x' | 1 | None: pass\n"
	  "    case str() if (w := 1): pass\n"
	  "    case _: q = 1\n",
	  "2 assign f cond\n"
	  "2 assign rest cond\n"
	  "3 assign others cond\n"
	  "3 assign v cond\n"
	  "4 assign p cond\n"
	  "4 assign yy cond\n"
	  "5 assign d cond\n"
	  "7 assign w cond\n"
	  "8 assign q cond" },
	{ "match is a name too",
	  "match = 1\n"
	  "match.x = 2\n"
	  "match(a)\n"
	  "match[b] = 3\n"
	  "match: int = 4\n"
	  "print(match)\n",
	  "1 assign match\n"
	  "5 assign match" },
	{ "case and type are names too",
	  "case = 1\n"
	  "type = 2\n"
	  "type(x)\n"
	  "type.y = 3\n"
	  "case(x)\n"
	  "_ = 4\n",
	  "1 assign case\n"
	  "2 assign type\n"
	  "6 assign _" },
	{ "type alias",
	  "type X = int | str\n"
	  "type Y[T] = list[T]\n",
	  "1 assign X\n"
	  "2 assign Y" },
	{ "generic def and class",
	  "def f[T: (int, str)](x: T) -> T:\n"
	  "    return x\n"
	  "class C[T, *U](Base):\n"
	  "    def m[V](self, x: V): pass\n",
	  "1 def f\n"
	  "3 class C\n"
	  "4 def C.m" },
	{ "match in a function body",
	  "def f(x):\n"
	  "    match x:\n"
	  "        case 1: return 2\n"
	  "g = 1\n",
	  "1 def f\n"
	  "4 assign g" },
	{ "strings hide everything",
	  "a = 'def f(): pass'\n"
	  "b = \"\"\"\n"
	  "def f():\n"
	  "    pass\n"
	  "\"\"\"\n"
	  "c = r'\\\\' 'x'\n"
	  "d = r'\\''\n"
	  "def g(): pass\n",
	  "1 assign a\n"
	  "2 assign b\n"
	  "6 assign c\n"
	  "7 assign d\n"
	  "8 def g" },
	{ "quotes inside quotes",
	  "a = \"it's\"\n"
	  "b = 'say \"x\"'\n"
	  "c = '''it's \"\"\" here'''\n"
	  "d = \"\"\"a'''b\\\"\"\"c\"\"\"\n"
	  "def f(): pass\n",
	  "1 assign a\n"
	  "2 assign b\n"
	  "3 assign c\n"
	  "4 assign d\n"
	  "5 def f" },
	{ "prefixes",
	  "a = rb'\\''\n"
	  "b = Rb\"x\"\n"
	  "c = u'x'\n"
	  "d = BR'''x\n"
	  "'''\n"
	  "e = F'{1}'\n"
	  "def f(): pass\n",
	  "1 assign a\n"
	  "2 assign b\n"
	  "3 assign c\n"
	  "4 assign d\n"
	  "6 assign e\n"
	  "7 def f" },
	{ "escaped newline in a string",
	  "a = 'x\\\n"
	  "def f(): pass'\n"
	  "def g(): pass\n",
	  "1 assign a\n"
	  "3 def g" },
	{ "implicit concatenation",
	  "a = ('x'\n"
	  "     'def f(): pass'\n"
	  "     \"y\")\n"
	  "def g(): pass\n",
	  "1 assign a\n"
	  "4 def g" },
	{ "comments",
	  "# def f(): pass\n"
	  "  # odd indentation\n"
	  "def g():  # def h(): pass\n"
	  "# at the margin inside a body\n"
	  "    pass  # '''\n"
	  "    # end\n"
	  "def i(): pass\n",
	  "3 def g\n"
	  "7 def i" },
	{ "docstrings",
	  "'''module\n"
	  "def f(): pass'''\n"
	  "def g():\n"
	  "    \"\"\"doc\n"
	  "  def h(): pass\n"
	  "\"\"\"\n"
	  "    return 1\n",
	  "3 def g" },
	{ "brackets continue lines",
	  "a = [\n"
	  "1,\n"
	  "    (2,\n"
	  "  {3: 4}),\n"
	  "]\n"
	  "def f(\n"
	  "    x,\n"
	  "    y=(1,\n"
	  "2),\n"
	  "):\n"
	  "    return x\n",
	  "1 assign a\n"
	  "6 def f" },
	{ "backslash continues lines",
	  "a = 1 + \\\n"
	  "    2\n"
	  "if a and \\\n"
	  "   b:\n"
	  "    def f(): pass\n"
	  "assert a, \\\n"
	  "'x'\n",
	  "1 assign a\n"
	  "5 def f cond" },
	{ "tabs",
	  "if a:\n"
	  "\tdef f():\n"
	  "\t\treturn 1\n"
	  "\tb = 2\n"
	  "c = 3\n",
	  "2 def f cond\n"
	  "4 assign b cond\n"
	  "5 assign c" },
	{ "odd but valid indentation",
	  "if a:\n"
	  "  b = 1\n"
	  "  if c:\n"
	  "        d = 1\n"
	  "        e = 2\n"
	  "  g = 3\n"
	  "h = 4\n",
	  "2 assign b cond\n"
	  "4 assign d cond\n"
	  "5 assign e cond\n"
	  "6 assign g cond\n"
	  "7 assign h" },
	{ "form feed",
	  "def f():\n"
	  "    pass\n"
	  "\014\n"
	  "def g():\n"
	  "    pass\n",
	  "1 def f\n"
	  "4 def g" },
	{ "CR LF and CR",
	  "def f():\r\n"
	  "    pass\r\n"
	  "x = 1\rdef g():\r    pass\r",
	  "1 def f\n"
	  "3 assign x\n"
	  "4 def g" },
	{ "no final newline",
	  "def f(): pass\n"
	  "def g():\n"
	  "    return 1",
	  "1 def f\n"
	  "2 def g" },
	{ "blank lines and blanks",
	  "\n"
	  "\n"
	  "   \n"
	  "\t\n"
	  "def f():\n"
	  "\n"
	  "    a = 1\n"
	  "  \n"
	  "\n"
	  "    return a\n"
	  "\n",
	  "5 def f" },
	{ "f-string",
	  "a = f'{x!r:>{width}} {{no}} {y=}'\n"
	  "b = f\"{x['k']}\"\n"
	  "c = f'{z:%H:%M}'\n"
	  "def f(): pass\n",
	  "1 assign a\n"
	  "2 assign b\n"
	  "3 assign c\n"
	  "4 def f" },
	{ "f-string with the same quotes (3.12)",
	  "a = f\"{x[\"k\"]} {f\"{y}\"}\"\n"
	  "b = f'{'}'}'\n"
	  "def f(): pass\n",
	  "1 assign a\n"
	  "2 assign b\n"
	  "3 def f" },
	{ "f-string with comment and newlines (3.12)",
	  "a = f\"{\n"
	  "    x  # a quote \" here\n"
	  "}\"\n"
	  "b = f'''{\n"
	  "'''y'''\n"
	  "}'''\n"
	  "def f(): pass\n",
	  "1 assign a\n"
	  "4 assign b\n"
	  "7 def f" },
	{ "f-string with lambda, dict, escapes",
	  "a = f'{(lambda x: x)(1)} {({1: 2})[1]}'\n"
	  "b = f'\\N{EM DASH}\\{c}'\n"
	  "d = rf'\\{e}'\n"
	  "g = f'{h!s}{i:{j}.{k}}'\n",
	  "1 assign a\n"
	  "2 assign b\n"
	  "3 assign d\n"
	  "4 assign g" },
	{ "nested triple f-string",
	  "a = f\"\"\"{f'''{f\"{f'{1}'}\"}'''}\"\"\"\n"
	  "def f(): pass\n",
	  "1 assign a\n"
	  "2 def f" },
	{ "numbers",
	  "a = 1if x else 2\n"
	  "b = 1_000.5e-3j + .5 + 0xFF + 0b1 + 0o7 + 1.\n"
	  "c = 1..real\n"
	  "d = 1 .real\n"
	  "e = 0xfor x\n"
	  "f = 1e5if g else 0\n",
	  "1 assign a\n"
	  "2 assign b\n"
	  "3 assign c\n"
	  "4 assign d\n"
	  "5 assign e\n"
	  "6 assign f" },
	{ "generators",
	  "def f():\n"
	  "    yield 1\n"
	  "def g():\n"
	  "    def inner():\n"
	  "        yield 2\n"
	  "    return inner\n"
	  "def h():\n"
	  "    x = yield\n"
	  "def i(): yield from g()\n"
	  "def j():\n"
	  "    return [k for k in l]\n"
	  "def m():\n"
	  "    if a:\n"
	  "        for b in c:\n"
	  "            yield b\n",
	  "1 def f gen\n"
	  "10 def j\n"
	  "12 def m gen\n"
	  "3 def g\n"
	  "7 def h gen\n"
	  "9 def i gen" },
	{ "yield in a lambda",
	  "def f():\n"
	  "    return lambda: (yield)\n",
	  "1 def f" },
	{ "async things",
	  "async def f():\n"
	  "    async with a as b:\n"
	  "        pass\n"
	  "    async for c in d:\n"
	  "        pass\n"
	  "    yield 1\n"
	  "class C:\n"
	  "    async def m(self): pass\n",
	  "1 async f gen\n"
	  "7 class C\n"
	  "8 async C.m" },
	{ "ellipsis and matrix",
	  "def f(): ...\n"
	  "x = a @ b\n"
	  "y: int = ...\n"
	  "z = a[..., 1:2]\n",
	  "1 def f\n"
	  "2 assign x\n"
	  "3 assign y\n"
	  "4 assign z" },
	{ "comprehensions bind nothing",
	  "a = [b for b in c if d]\n"
	  "e = {g: h for g, h in i}\n"
	  "j = (k for k in (l for l in m))\n",
	  "1 assign a\n"
	  "2 assign e\n"
	  "3 assign j" },
	{ "dict and slice colons",
	  "a = {b: c, d: lambda: e}\n"
	  "f[g:h] = i\n"
	  "x = y[1:2, ::3]\n",
	  "1 assign a\n"
	  "3 assign x" },
	{ "conditional expression",
	  "a = b if c else d\n"
	  "e = [g if h else i]\n",
	  "1 assign a\n"
	  "2 assign e" },
	{ "print like names",
	  "printx = 1\n"
	  "importer = 2\n"
	  "from_ = 3\n"
	  "define = 4\n"
	  "classy = 5\n",
	  "1 assign printx\n"
	  "2 assign importer\n"
	  "3 assign from_\n"
	  "4 assign define\n"
	  "5 assign classy" },
	{ "dunder main",
	  "def f(x): return x\n"
	  "if __name__ == '__main__':\n"
	  "    g = f(1)\n",
	  "1 def f\n"
	  "3 assign g cond" },
	{ "global statement",
	  "def f():\n"
	  "    global g\n"
	  "    g = 1\n"
	  "global h\n",
	  "1 def f" },
	{ "star and keyword arguments",
	  "def f(*, a, b=1, **kw): pass\n"
	  "g(*h, **{'i': 1})\n"
	  "j = k(l=1)\n",
	  "1 def f\n"
	  "3 assign j" },
	{ "return annotation",
	  "def f(x: dict[str, int] = {}, y: 'a:b' = ':') -> dict[str, int]: return {}\n",
	  "1 def f" },
	{ "deep brackets in the header",
	  "if ({'a': [1, (2)]}[x](lambda: 1)):\n"
	  "    def f(): pass\n",
	  "2 def f cond" },
	{ "lambda in the header",
	  "while (lambda: 0)(): a = 1\n"
	  "if lambda: 0: b = 2\n"
	  "with x(lambda y: y) as z: pass\n",
	  "1 assign a cond\n"
	  "2 assign b cond\n"
	  "3 assign z" },
	{ "unicode names",
	  "def gr\303\266\303\237e(x): return x\n"
	  "class \320\232\320\273\321\216\321\207:\n"
	  "    def \320\274\320\265\321\202\320\276\320\264(self): pass\n"
	  "\346\225\260 = 1\n",
	  "1 def gr\303\266\303\237e\n"
	  "2 class \320\232\320\273\321\216\321\207\n"
	  "3 def \320\232\320\273\321\216\321\207.\320\274\320\265\321\202\320\276\320\264\n"
	  "4 assign \346\225\260" },
	{ "nothing",
	  "",
	  "" },
	{ "only a comment",
	  "# nothing here",
	  "" },
	{ "only blanks",
	  "   \n"
	  "\t\n",
	  "" },
	{ "encoding cookie",
	  "#!/usr/bin/env python3\n"
	  "# -*- coding: utf-8 -*-\n"
	  "def f(): pass\n",
	  "3 def f" },
	{ "byte order mark",
	  "\357\273\277def f(): pass\n",
	  "1 def f" },
};
/* clang-format on */

static char *show_binding(const struct binding *b)
{
	/* clang-format off */
	static const char *const kinds[] = {
		[BINDING_DEF] = "def",       [BINDING_ASYNC_DEF] = "async", [BINDING_CLASS] = "class",
		[BINDING_IMPORT] = "import", [BINDING_LAMBDA] = "lambda",   [BINDING_ASSIGN] = "assign",
		[BINDING_DELETE] = "del",
	};
	/* clang-format on */

	return mem_printf("%d %s %s%s%s%s%s", b->line, kinds[b->kind], b->name,
			  b->conditional ? " cond" : "", b->decorated ? " deco" : "",
			  b->is_static ? " static" : "", b->generator ? " gen" : "");
}

static char *show_import(const struct outline_import *m)
{
	struct buf text = BUF_INIT(1 << 16);

	buf_put(&text, "import ");
	for (int i = 0; i < m->level; i++)
		buf_put(&text, ".");
	buf_put(&text, m->module);
	for (size_t i = 0; i < m->name_count; i++)
		buf_putf(&text, "%s%s", i ? "," : "(", m->names[i]);
	buf_putf(&text, "%s%s", m->name_count ? ")" : "", m->nested ? " nested" : "");
	return buf_steal(&text);
}

static char *show(const struct outline *o)
{
	AUTO(str_list_free) struct str_list lines = { 0 };
	struct buf text = BUF_INIT(1 << 20);

	for (size_t i = 0; i < o->bindings.len; i++)
		str_list_push_take(&lines, show_binding(&o->bindings.items[i]));
	for (size_t i = 0; i < o->imports.len; i++)
		str_list_push_take(&lines, show_import(&o->imports.items[i]));
	str_list_sort(&lines);
	for (size_t i = 0; i < lines.len; i++)
		buf_putf(&text, "%s%s", i ? "\n" : "", lines.items[i]);
	return buf_steal(&text);
}

static void outlines_are_those_of_ast(void **state)
{
	(void)state;
	assert_true(ARRAY_LEN(cases) >= 60);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *got = NULL;
		struct err err = { 0 };
		struct outline o;

		if (!outline_read(&o, cases[i].source, strlen(cases[i].source), "x.py", &err))
			fail_msg("%s: x.py:%d:%d: %s", cases[i].name, err.at.line, err.at.column,
				 err.msg);
		got = show(&o);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n--- got\n%s\n--- want\n%s", cases[i].name, got,
				 cases[i].want);
		outline_free(&o);
	}
}

/* What Python's ast says of sources, each ended by a NUL; as many answers. */
static void ask_python(struct buf *answers, const struct buf *sources)
{
	const char *const argv[] = { "python3", "tests/unit/extend/outline_ast.py", NULL };
	const struct proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
	struct slice input = { .ptr = sources->ptr, .len = sources->len };
	int status;

	MUST(proc_capture(&status, answers, NULL, &spec, &input, 300000, err));
	assert_int_equal(status, 0);
}

/* The table's expectations, and so what is read, are what this machine's Python says. */
static void python_says_the_same(void **state)
{
	AUTO(buf_free) struct buf sources = BUF_INIT(1 << 20), answers = BUF_INIT(1 << 20);
	const char *answer;
	size_t compared = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		buf_put_bytes(&sources, cases[i].source, strlen(cases[i].source) + 1);
	ask_python(&answers, &sources);
	answer = answers.ptr;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(answer < answers.ptr + answers.len);
		if (strcmp(answer, "!") != 0) { /* syntax of a newer Python than this one */
			compared++;
			if (strcmp(answer, cases[i].want) != 0)
				fail_msg("%s:\n--- Python says\n%s\n--- the table\n%s",
					 cases[i].name, answer, cases[i].want);
		}
		answer += strlen(answer) + 1;
	}
	assert_true(compared >= 60);
}

/* The directory of this machine's standard library. */
static char *library_dir(void)
{
	const char *const argv[] = { "python3", "-c",
				     "import os; print(os.path.dirname(os.__file__), end='')",
				     NULL };
	const struct proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
	struct buf path = BUF_INIT(4096);
	int status;

	MUST(proc_capture(&status, &path, NULL, &spec, NULL, 300000, err));
	assert_int_equal(status, 0);
	return buf_steal(&path);
}

/* Real code: every module of the standard library's own directory. */
static void python_says_the_same_of_its_library(void **state)
{
	AUTO(buf_free) struct buf sources = BUF_INIT(64 << 20), answers = BUF_INIT(64 << 20);
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_free) char *path = library_dir();
	AUTO(auto_close) int dir = -1;
	const char *source, *answer;
	size_t compared = 0;

	(void)state;
	MUST(fs_open_dir(&dir, path, err));
	MUST(fs_list(&names, dir, ".", FS_BENEATH, err));
	for (size_t i = 0; i < names.len; i++)
		if (str_has_suffix(names.items[i], ".py")) {
			MUST(fs_read(&sources, dir, names.items[i], sources.max, FS_BENEATH, err));
			buf_put_byte(&sources, 0);
		}
	ask_python(&answers, &sources);
	source = sources.ptr;
	answer = answers.ptr;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free) char *got = NULL;
		struct outline o;

		if (!str_has_suffix(names.items[i], ".py"))
			continue;
		MUST(outline_read(&o, source, strlen(source), names.items[i], err));
		got = show(&o);
		outline_free(&o);
		if (strcmp(got, answer) != 0)
			fail_msg("%s:\n--- Python says\n%s\n--- we say\n%s", names.items[i], answer,
				 got);
		source += strlen(source) + 1;
		answer += strlen(answer) + 1;
		compared++;
	}
	assert_true(compared >= 100);
}

/* The same names whatever ends the lines, and whatever stands in front. */
static void line_ends_do_not_matter(void **state)
{
	static const char *const ends[] = { "\n", "\r\n", "\r" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *first = NULL;

		if (strchr(cases[i].source, '\r'))
			continue;
		for (size_t e = 0; e < ARRAY_LEN(ends); e++) {
			AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
			AUTO(auto_free) char *got = NULL;
			struct outline o;

			for (const char *p = cases[i].source; *p; p++)
				if (*p == '\n')
					buf_put(&text, ends[e]);
				else
					buf_put_byte(&text, (unsigned char)*p);
			MUST(outline_read(&o, text.ptr, text.len, "x.py", err));
			got = show(&o);
			outline_free(&o);
			if (!first)
				first = STEAL(got);
			else
				assert_string_equal(first, got);
		}
	}
}

/* Every prefix of every case is read or refused, never more: no crash, no endless loop (ASan looks
 * on). */
static void cut_sources_are_harmless(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].source);

		for (size_t cut = 0; cut < len; cut++) {
			AUTO(auto_free) char *copy = mem_dup(cases[i].source, cut + 1);
			struct err err = { 0 };
			struct outline o;

			if (outline_read(&o, copy, cut, "x.py", &err))
				outline_free(&o);
			else
				assert_true(err.code == E_INPUT || err.code == E_UNSUPPORTED);
		}
	}
}

static void refusals_name_the_place(void **state)
{
	/* clang-format off */
	static const struct {
		const char *source;
		int line, column;
		const char *part;
	} bad[] = {
		{ "a = 'x\n",                      1, 5,  "never closed" },
		{ "a = 1\nb = \"\"\"x\n\n",        2, 5,  "triple-quoted string is never closed" },
		{ "a = f'{x\n",                    1, 5,  "f-string is never closed" },
		{ "a = f'{x:{y}'\n",               1, 5,  "f-string is never closed" },
		{ "a = f'{x:\n}'\n",               1, 5,  "f-string is never closed" },
		{ "a = f'{x)}'\n",                 1, 5,  "f-string is never closed" },
		{ "a = f'{x\\y}'\n",               1, 9,  "backslash inside the braces" },
		{ "a = (1,\nb = 2\n",              1, 5,  "'(' is never closed" },
		{ "a = [1, (2]\n",                 1, 11, "']' does not close the '(' of line 1" },
		{ "a = 1)\n",                      1, 6,  "unmatched ')'" },
		{ "if a:\n    b\n  c\n",           3, 3,  "matches no outer block" },
		{ "if a:\n\tb\n        c\n",       3, 9,  "tabs and blanks" },
		{ "if a:\n        b\n\tc\n",       3, 2,  "tabs and blanks" },
		{ "if a:\n b\n\tif c:\n\t\td\n",   3, 2,  "tabs and blanks" },
		{ "  a = 1\n",                     1, 3,  "unexpected indentation" },
		{ "a = 1\n  b = 2\n",              2, 3,  "unexpected indentation" },
		{ "def f():\nreturn 1\n",          2, 1,  "no indented block follows line 1" },
		{ "def f():\n",                    1, 0,  "no indented block follows line 1" },
		{ "class C:\n# only a comment\n",  1, 0,  "no indented block follows line 1" },
		{ "def f()\n    pass\n",           1, 1,  "no ':' ends this 'def'" },
		{ "if a\n",                        1, 1,  "no ':' ends this 'if'" },
		{ "def 1(): pass\n",               1, 1,  "a name must follow 'def'" },
		{ "class : pass\n",                1, 1,  "a name must follow 'class'" },
		{ "def if(): pass\n",              1, 1,  "a name must follow 'def'" },
		{ "a = 1 \\ \nb\n",                1, 7,  "something follows the backslash" },
		{ "a = 1 \\",                      1, 7,  "nothing follows this continuation" },
		{ "a = 1 \\\n",                    1, 7,  "nothing follows this continuation" },
		{ "a = $b\n",                      1, 5,  "has no meaning" },
		{ "a = b?\n",                      1, 6,  "has no meaning" },
		{ "!pip install x\n",              1, 1,  "has no meaning" },
		{ "a = 1\n\x01\n",                 2, 1,  "has no meaning" },
		{ "a = \xe2\x80\x9cx\xe2\x80\x9d\n", 1, 5, "U+201C" },
		{ "a\xc2\xa0= 1\n",                1, 2,  "U+00A0" },
		{ "a = 1\nb = '\xff'\n",           2, 6,  "not UTF-8" },
		{ "# coding: ascii\na = '\xc3\xa9'\n", 2, 6, "not ASCII" },
		{ "# coding: koi8-r\n",            1, 11, "source encoding 'koi8-r'" },
		{ "#!x\n#vim: fileencoding=cp1252\n", 2, 20, "source encoding 'cp1252'" },
		{ "\xef\xbb\xbf# coding: latin-1\n", 1, 11, "behind a UTF-8 byte order mark" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };
		struct outline o;

		if (outline_read(&o, bad[i].source, strlen(bad[i].source), "dir/x.py", &err))
			fail_msg("case %zu '%s' was read", i, bad[i].source);
		if (!strstr(err.msg, bad[i].part) || err.at.line != bad[i].line ||
		    err.at.column != bad[i].column)
			fail_msg("case %zu '%s': got %d:%d %s", i, bad[i].source, err.at.line,
				 err.at.column, err.msg);
		assert_string_equal(err.at.file, "dir/x.py");
		assert_int_equal(err.code,
				 strstr(bad[i].part, "source encoding") ? E_UNSUPPORTED : E_INPUT);
	}
}

static void the_line_is_shown(void **state)
{
	static const char source[] = "a = 1\r\nb = (2\r\nc = 3";
	struct err err = { 0 };
	struct outline o;

	(void)state;
	assert_false(outline_read(&o, source, sizeof(source) - 1, "x.py", &err));
	assert_int_equal(err.at.line, 2);
	assert_string_equal(err.at.text, "b = (2");
}

static void nul_is_refused(void **state)
{
	static const char source[] = "a = 1\n\0b";
	struct err err = { 0 };
	struct outline o;

	(void)state;
	assert_false(outline_read(&o, source, sizeof(source) - 1, "x.py", &err));
	assert_int_equal(err.at.line, 2);
	assert_int_equal(err.at.column, 1);
}

static void encodings_are_accepted(void **state)
{
	static const char *const good[] = {
		"# -*- coding: latin-1 -*-\na = '\xe9'\ndef f(): pass\n",
		"#!/bin/python\n# vim: set fileencoding=ISO-8859-1 :\na = '\xff'\ndef f(): pass\n",
		"# coding=utf8\na = '\xc3\xa9'\ndef f(): pass\n",
		"# coding: UTF_8\ndef f(): pass\n",
		"\xef\xbb\xbf# coding: utf-8\ndef f(): pass\n",
		"x = 1\n# coding: koi8-r\ndef f(): pass\n", /* not in front */
		"\n\n# coding: koi8-r\ndef f(): pass\n",    /* third line */
		"'# coding: koi8-r'\ndef f(): pass\n",      /* no comment */
		"# encoding is fine\ndef f(): pass\n",      /* no cookie */
		"# coding:\ndef f(): pass\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct outline o;

		MUST(outline_read(&o, good[i], strlen(good[i]), "x.py", err));
		assert_non_null(outline_find(&o, "f"));
		outline_free(&o);
	}
}

/* `count` times `piece` between `before` and `after`. */
static char *repeat(const char *before, const char *piece, size_t count, const char *after)
{
	struct buf text = BUF_INIT(64 << 20);

	buf_put(&text, before);
	for (size_t i = 0; i < count; i++)
		buf_put(&text, piece);
	buf_put(&text, after);
	return buf_steal(&text);
}

static char *nest(size_t levels)
{
	struct buf text = BUF_INIT(64 << 20);

	for (size_t i = 0; i < levels; i++) {
		for (size_t n = 0; n < i; n++)
			buf_put(&text, " ");
		buf_put(&text, "if a:\n");
	}
	for (size_t n = 0; n < levels; n++)
		buf_put(&text, " ");
	buf_put(&text, "b = 1\n");
	return buf_steal(&text);
}

static char *nest_fields(size_t levels)
{
	AUTO(auto_free) char *open = repeat("a = ", "f'{", levels, "1");
	AUTO(auto_free) char *close = repeat("", "}'", levels, "\n");

	return mem_printf("%s%s", open, close);
}

static void reads(char *source, bool ok, const char *part)
{
	struct err err = { 0 };
	struct outline o;
	bool was = outline_read(&o, source, strlen(source), "x.py", &err);

	if (was != ok || !strstr(err.msg, part))
		fail_msg("'%.20s...' (%zu bytes): %s", source, strlen(source), err.msg);
	if (was)
		outline_free(&o);
	free(source);
}

/* CPython's own limits. */
static void limits(void **state)
{

	(void)state;

	for (size_t n = 199; n <= 201; n++) {
		AUTO(auto_free)
		char *open = repeat("a = ", "(", n, "1"), *close = repeat("", ")", n, "\n");

		reads(mem_printf("%s%s", open, close), n <= 200,
		      n <= 200 ? "" : "brackets nested more than 200");
	}
	for (size_t n = 98; n <= 100; n++)
		reads(nest(n), n <= 99, n <= 99 ? "" : "more than 99 levels");
	for (size_t n = 149; n <= 152; n++)
		reads(nest_fields(n), n <= 151, n <= 151 ? "" : "nested more than 150");
}

static void size_limit(void **state)
{
	enum { LIMIT = 16 * 1024 * 1024 };

	(void)state;
	for (int more = -1; more <= 1; more++) {
		size_t len = (size_t)(LIMIT + more);
		AUTO(auto_free) char *source = mem_alloc(len);
		struct err err = { 0 };
		struct outline o;

		memset(source, '\n', len);
		assert_int_equal(outline_read(&o, source, len, "x.py", &err), more <= 0);
		if (more <= 0)
			outline_free(&o);
	}
}

static void columns_are_those_of_the_names(void **state)
{
	/* clang-format off */
	static const struct {
		const char *source, *name;
		int line, column;
	} where[] = {
		{ "def  f(): pass\n",                        "f",   1, 6 },
		{ "if a:\n    async def f(): pass\n",        "f",   2, 15 },
		{ "class C:\n  def m(self): pass\n",         "C.m", 2, 7 },
		{ "a = (\n  f := 1)\n",                      "f",   2, 3 },
		{ "from a import (\n   b as f)\n",           "f",   2, 9 },
		{ "\xef\xbb\xbf" "def f(): pass\n",          "f",   1, 5 },
		{ "\xc3\xa9 = 1; f = 2\n",                   "f",   1, 9 }, /* in bytes */
		{ "def f(): pass\ndef g(): pass\nf = 1\n",   "f",   3, 1 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(where); i++) {
		const struct binding *b;
		struct outline o;

		MUST(outline_read(&o, where[i].source, strlen(where[i].source), "x.py", err));
		b = outline_find(&o, where[i].name);
		assert_non_null(b);
		if (b->line != where[i].line || b->column != where[i].column)
			fail_msg("%s: %d:%d", where[i].source, b->line, b->column);
		outline_free(&o);
	}
}

static void find_takes_the_last_class(void **state)
{
	static const char source[] = "class C:\n    def a(self): pass\n    def b(self): pass\n"
				     "class C:\n    def b(self): pass\n";
	struct outline o;

	(void)state;
	MUST(outline_read(&o, source, sizeof(source) - 1, "x.py", err));
	assert_int_equal(outline_find(&o, "C")->line, 4);
	assert_int_equal(outline_find(&o, "C.b")->line, 5);
	assert_null(outline_find(&o, "C.a"));
	assert_null(outline_find(&o, "a"));
	assert_null(outline_find(&o, "D.a"));
	assert_null(outline_find(&o, ""));
	outline_free(&o);
}

static void work_on_import(void **state)
{
	/* clang-format off */
	static const struct {
		const char *source;
		int line;
	} work[] = {
		{ "def f(): print(1)\n",                                     0 },
		{ "x = compute()\n",                                         0 },
		{ "'docstring (not a call)'\n",                              0 },
		{ "def f(): pass\nprint(f(1))\n",                            2 },
		{ "class C:\n    x()\n",                                     0 },
		{ "if __name__ == '__main__':\n    f()\n",                   0 },
		{ "if '__main__' == __name__ and a:\n    f()\n",             0 },
		{ "if __name__ == \"__main__\": f()\n",                      0 },
		{ "if __name__ == '__main__':\n    pass\nelse:\n    f()\n",  4 },
		{ "if __name__ != '__main__':\n    f()\n",                   2 },
		{ "if __name__ == '__main__':\n    for x in y: f()\nz()\n",  3 },
		{ "if a:\n    f()\n",                                        2 },
		{ "for x in y:\n    pass\n",                                 1 },
		{ "while a: pass\n",                                         1 },
		{ "with open(a) as b:\n    c = 1\n",                         1 },
		{ "try:\n    f()\nexcept E: pass\n",                         2 },
		{ "x.append(1)\n",                                           1 },
		{ "(x)\n",                                                   0 },
		{ "x[f(1)]\n",                                               1 },
		{ "lambda: f\n",                                             0 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(work); i++) {
		struct outline o;

		MUST(outline_read(&o, work[i].source, strlen(work[i].source), "x.py", err));
		if (o.runs_line != work[i].line)
			fail_msg("%s: %d", work[i].source, o.runs_line);
		outline_free(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outlines_are_those_of_ast),
		cmocka_unit_test(python_says_the_same),
		cmocka_unit_test(python_says_the_same_of_its_library),
		cmocka_unit_test(line_ends_do_not_matter),
		cmocka_unit_test(cut_sources_are_harmless),
		cmocka_unit_test(refusals_name_the_place),
		cmocka_unit_test(the_line_is_shown),
		cmocka_unit_test(nul_is_refused),
		cmocka_unit_test(encodings_are_accepted),
		cmocka_unit_test(limits),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(columns_are_those_of_the_names),
		cmocka_unit_test(find_takes_the_last_class),
		cmocka_unit_test(work_on_import),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
