// SPDX-License-Identifier: Apache-2.0
#include "extend/value.h"

#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"

/* The only place that runs the user's Python. */

/* Statuses of the program below. */
enum { NO_CLOUDPICKLE = 41, NOT_CALLABLE, NOT_PICKLED, DID_NOT_RUN };

/* stdout is for the answer alone, whatever the file prints: "3.11", a line end, the pickle. */
static const char program[] =
	"import os, sys, types\n"
	"answer = os.fdopen(os.dup(1), 'wb')\n"
	"os.dup2(2, 1)\n"
	"root, path, name, function = sys.argv[1:]\n"
	"def give_up(status, text):\n"
	"    sys.stderr.write('\\n%s' % text)\n"
	"    sys.stderr.flush()\n"
	"    os._exit(status)\n"
	"try:\n"
	"    import cloudpickle\n"
	"    by_value = cloudpickle.register_pickle_by_value\n"
	"except ImportError:\n"
	"    give_up(41, 'cloudpickle is not installed')\n"
	"except AttributeError:\n"
	"    give_up(41, 'cloudpickle %s is too old' % cloudpickle.__version__)\n"
	"full = os.path.join(root, path)\n"
	"sys.argv = [full]\n"
	"sys.path[0] = os.path.abspath(root)\n"
	"module = types.ModuleType(name)\n"
	"module.__file__ = full\n"
	"module.__package__ = name.rpartition('.')[0]\n"
	"sys.modules[name] = module\n"
	"try:\n"
	"    with open(full, 'rb') as file:\n"
	"        code = compile(file.read(), os.path.basename(path), 'exec')\n"
	"    exec(code, module.__dict__)\n"
	"    value = module\n"
	"    for part in function.split('.'):\n"
	"        value = getattr(value, part)\n"
	"except BaseException as error:\n"
	"    give_up(44, '%s: %s' % (type(error).__name__, error))\n"
	"if not callable(value):\n"
	"    give_up(42, type(value).__name__)\n"
	"module.__file__ = os.path.basename(path)\n"
	"by_value(module)\n"
	"try:\n"
	"    data = cloudpickle.dumps(value, protocol=4)\n"
	"except Exception as error:\n"
	"    give_up(43, '%s: %s' % (type(error).__name__, error))\n"
	"answer.write(b'%d.%d\\n' % sys.version_info[:2] + data)\n"
	"answer.flush()\n"
	"os._exit(0)\n";

/* The last line of what it said. */
static char *last_words(const struct buf *said)
{
	const char *text = said->len ? said->ptr : "";
	const char *line = strrchr(text, '\n');

	line = line && line[1] ? line + 1 : text;
	return str_printable(line, strlen(line), 300);
}

static bool refuse(int status, const struct buf *said, const struct target *t, const char *python,
		   struct err *err)
{
	AUTO(auto_free) char *words = last_words(said);

	switch (status) {
	case NO_CLOUDPICKLE:
		err_set(err, E_UNSUPPORTED, "by value: %s says: %s", python, words);
		return err_hint(err,
				"%s -m pip install cloudpickle; a function that has a name at "
				"the top of a module needs none of this: --mode native",
				python);
	case NOT_CALLABLE:
		return err_set(err, E_INPUT, "'%s' of %s cannot be called: it is of type %s",
			       t->function, t->shown, words);
	case NOT_PICKLED:
		return err_set(err, E_INPUT, "'%s' of %s cannot be pickled: %s", t->function,
			       t->shown, words);
	case DID_NOT_RUN:
		return err_set(err, E_INPUT, "%s, run by %s: %s", t->shown, python, words);
	default:
		return err_set(err, E_INPUT, "%s, run by %s: it ended with status %d: %s", t->shown,
			       python, status, words);
	}
}

/* "3.11\n" in front of the pickle. */
static bool take_answer(struct buf *out, char **minor_out, const struct buf *answer,
			const char *python, struct err *err)
{
	struct slice data,
		version = slice_cut((struct slice){ .ptr = answer->ptr, .len = answer->len }, '\n',
				    &data);

	if (!data.ptr || !data.len || version.len > 8)
		return err_set(err, E_UNSUPPORTED, "%s is no Python that rtbuild understands",
			       python);
	*minor_out = mem_strndup(version.ptr, version.len);
	buf_put_bytes(out, data.ptr, data.len);
	return true;
}

bool value_pickle(struct buf *out, char **minor_out, const struct target *t,
		  const char *interpreter, struct err *err)
{
	const char *python = interpreter ? interpreter : "python3";
	AUTO(auto_free) char *found = strchr(python, '/') ? mem_strdup(python) : proc_find(python);
	/* sets and dicts of the function in one order every time; nothing written beside its file
	 */
	const char *const argv[] = { "env",
				     "PYTHONHASHSEED=0",
				     "PYTHONDONTWRITEBYTECODE=1",
				     found,
				     "-c",
				     program,
				     t->root,
				     t->path,
				     t->module,
				     t->function,
				     NULL };
	const struct proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
	AUTO(buf_free) struct buf answer = BUF_INIT(LIMIT_SINGLE_FILE);
	AUTO(buf_free) struct buf said = BUF_INIT(LIMIT_SINGLE_FILE);
	int status;

	if (!found || (strchr(python, '/') && access(found, X_OK) < 0)) {
		err_set(err, E_UNSUPPORTED, "by value: there is no %s on this machine", python);
		return err_hint(err,
				"install Python and cloudpickle, name one by --interpreter, or "
				"use --mode native");
	}
	if (!proc_capture(&status, &answer, &said, &spec, NULL, LIMIT_BY_VALUE_MS, err))
		return err_wrap(err, "by value: %s", python);
	if (status)
		return refuse(status, &said, t, python, err);
	return take_answer(out, minor_out, &answer, python, err);
}
