// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "extend/stdlib.h"
#include "python/elf.h"
#include "runtime/check_facts.h"

/* Rules about the interpreter, the packages and Lithops. */

bool rule_python_found(struct rule_check *c, struct err *err)
{
	(void)err;
	if (!c->interpreter)
		check_say(c, "no python3 is on its PATH");
	else if (!c->python)
		check_say(c, "of which version /%s is cannot be told", c->interpreter);
	return true;
}

static bool is_taken(const struct backend *b, const char *python)
{
	const struct json_list *lists[] = { &b->pythons, &b->old_pythons };

	for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
		const char *const *items = lists[k]->items;

		for (size_t i = 0; i < lists[k]->len; i++)
			if (str_eq(items[i], python))
				return true;
	}
	return false;
}

bool rule_python_version(struct rule_check *c, struct err *err)
{
	(void)err;
	if (!c->python)
		return true;
	if (c->req->python && !str_eq(c->req->python, c->python))
		check_say(c, "/%s is Python %s, not %s", c->interpreter, c->python, c->req->python);
	else if (!is_taken(c->req->backend, c->python))
		check_say(c, "/%s is Python %s, which %s does not know", c->interpreter, c->python,
			  c->req->backend->name);
	return true;
}

/* --- shared objects --- */

struct modules {
	const struct entry **items;
	size_t len, cap;
};

static void modules_free(struct modules *m)
{
	free(m->items);
}

static bool is_shared_object(const char *path)
{
	const char *at = strrchr(path, '/');

	at = strstr(at ? at : path, ".so");
	return at && (!at[3] || at[3] == '.');
}

static bool add_module(void *arg, const struct entry *e)
{
	struct modules *m = arg;
	bool known = false;

	if (e->kind != ENTRY_FILE || !is_shared_object(e->path))
		return true;
	for (size_t i = 0; i < m->len && !known; i++)
		known = m->items[i] == e; /* directories of sys.path may lie in one another */
	if (!known)
		*ARRAY_PUSH(m) = e;
	return true;
}

static bool find_modules(struct modules *out, const struct rule_check *c, struct err *err)
{
	for (size_t i = 0; i < c->search.len; i++) {
		AUTO(auto_free) char *path = NULL;
		const struct entry *e;
		bool inside = false;

		if (!contents_find(&e, &path, &c->contents, c->search.items[i], err))
			return false;
		for (size_t k = 0; k < i && e; k++)
			inside = inside || !*c->search.items[k] ||
				 (str_has_prefix(path, c->search.items[k]) &&
				  path[strlen(c->search.items[k])] == '/');
		if (e && e->kind == ENTRY_DIR && !inside)
			contents_walk(&c->contents, path, add_module, out);
	}
	return true;
}

/* "cpython-311-x86_64-linux-gnu" -> "3.11"; NULL: it says none (abi3, or plain .so). */
static char *abi_of(const char *path)
{
	const char *base = strrchr(path, '/'), *mark;
	size_t len;

	base = base ? base + 1 : path;
	mark = strstr(base, ".cpython-3");
	if (!mark)
		return NULL;
	mark += strlen(".cpython-3");
	len = strspn(mark, "0123456789");
	return len ? mem_printf("3.%.*s", (int)len, mark) : NULL;
}

/* As many as a reader wants to see of one kind. */
enum { NAMED_MOST = 5 };

bool rule_module_abi(struct rule_check *c, struct err *err)
{
	AUTO(modules_free) struct modules all = { 0 };
	AUTO(auto_free) char *first = NULL;
	const char *want = c->python ? c->python : c->req->python;
	size_t wrong = 0;

	if (!find_modules(&all, c, err))
		return false;
	for (size_t i = 0; i < all.len; i++) {
		AUTO(auto_free) char *abi = abi_of(all.items[i]->path);

		if (!abi)
			continue;
		if (!want && is_taken(c->req->backend, abi)) {
			want = first = mem_strdup(abi);
			continue;
		}
		if (want ? str_eq(abi, want) : is_taken(c->req->backend, abi))
			continue;
		if (wrong++ < NAMED_MOST)
			check_say(c, "%s is for Python %s%s%s", all.items[i]->path, abi,
				  want ? ", not " : "", want ? want : "");
	}
	if (wrong > NAMED_MOST)
		check_say(c, "and %zu more", wrong - NAMED_MOST);
	return true;
}

static const struct {
	const char *architecture;
	enum elf_machine machine;
	int bits;
} machines[] = {
	{ "386", ELF_386, 32 },       { "amd64", ELF_X86_64, 64 },      { "arm", ELF_ARM, 32 },
	{ "arm64", ELF_AARCH64, 64 }, { "ppc64le", ELF_PPC64, 64 },     { "s390x", ELF_S390, 64 },
	{ "riscv64", ELF_RISCV, 64 }, { "loong64", ELF_LOONGARCH, 64 },
};

static bool open_head(void *arg, struct source **out, struct err *err)
{
	const struct buf *head = arg;

	(void)err;
	*out = source_mem(head->ptr, head->len);
	return true;
}

/* "" when it is no ELF file: then it is no machine's. */
static bool architecture_of(char *out, size_t size, struct buf *head, struct err *err)
{
	AUTO(elf_free) struct elf elf = { 0 };
	struct elf_input in = { .open = open_head, .arg = head, .size = head->len };

	*out = '\0';
	/* the header alone: what lies behind it is not here, and not asked for */
	if (head->len > 64)
		in.size = head->len = 64;
	if (head->len == 64) {
		/* no program headers, of which those bytes have none */
		memset(head->ptr + 56, 0, 2);
		if (head->ptr[4] == 1)
			memset(head->ptr + 44, 0, 2);
	}
	if (!elf_read(&elf, &in, "", err))
		return false;
	if (!elf.is_elf || elf.bad)
		return true;
	snprintf(out, size, "machine %d of %d bits", elf.machine, elf.bits);
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (elf.machine == (int)machines[i].machine && elf.bits == machines[i].bits)
			snprintf(out, size, "%s", machines[i].architecture);
	return true;
}

/* Each file's own machine against the platform's. */
static bool compare_machines(struct rule_check *c, const struct entry *const entries[],
			     size_t count, struct err *err)
{
	struct buf *heads = mem_alloc((count + 1) * sizeof(*heads));
	struct platform p;
	bool has_platform = check_platform(&p, c);
	char want[32], have[32];
	size_t wrong = 0;
	bool ok;

	snprintf(want, sizeof(want), "%s", has_platform ? p.architecture : "");
	for (size_t i = 0; i < count; i++)
		heads[i] = (struct buf)BUF_INIT(64);
	ok = contents_heads(heads, &c->contents, entries, count, 64, err);
	for (size_t i = 0; i < count && ok; i++) {
		ok = architecture_of(have, sizeof(have), &heads[i], err);
		if (!ok || !*have)
			continue;
		if (!*want)
			snprintf(want, sizeof(want), "%s", have); /* all are for one machine */
		if (!str_eq(have, want) && wrong++ < NAMED_MOST)
			check_say(c, "%s is for %s, not %s", entries[i]->path, have, want);
	}
	if (ok && wrong > NAMED_MOST)
		check_say(c, "and %zu more", wrong - NAMED_MOST);
	for (size_t i = 0; i < count; i++)
		buf_free(&heads[i]);
	free(heads);
	return ok;
}

bool rule_interpreter_machine(struct rule_check *c, struct err *err)
{
	const struct entry *e;

	if (!c->interpreter)
		return true;
	return contents_find(&e, NULL, &c->contents, c->interpreter, err) &&
	       (!e || compare_machines(c, &e, 1, err));
}

bool rule_module_machine(struct rule_check *c, struct err *err)
{
	AUTO(modules_free) struct modules all = { 0 };

	return find_modules(&all, c, err) && compare_machines(c, all.items, all.len, err);
}

/* --- Lithops --- */

/* The directories of sys.path that hold it, in that order. */
static bool find_lithops(struct str_list *out, const struct rule_check *c, struct err *err)
{
	for (size_t i = 0; i < c->search.len; i++) {
		const char *dir = c->search.items[i];
		AUTO(auto_free)
		char *path = mem_printf("%s%slithops/__init__.py", dir, *dir ? "/" : "");
		AUTO(auto_free) char *at = NULL;
		const struct entry *e;

		if (!contents_find(&e, &at, &c->contents, path, err))
			return false;
		if (e && e->kind != ENTRY_DIR && !str_list_has(out, at)) {
			at[strlen(at) - strlen("/__init__.py")] = '\0';
			if (!str_list_has(out, at))
				str_list_push(out, at);
		}
	}
	return true;
}

bool rule_lithops_found(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list at = { 0 };
	AUTO(buf_free) struct buf where = BUF_INIT(LIMIT_TEMPLATE);

	if (!find_lithops(&at, c, err))
		return false;
	for (size_t i = 0; i < c->search.len; i++)
		buf_putf(&where, "%s/%s", i ? ", " : "", c->search.items[i]);
	if (!at.len)
		check_say(c, "no lithops is in %s", where.ptr);
	return true;
}

/* __version__ = "3.7.1" of lithops/version.py; NULL: it says none. */
static bool version_of(char **out, struct rule_check *c, const char *package, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/version.py", package);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_WHEEL_METADATA);
	const struct entry *e;
	const char *at;

	*out = NULL;
	if (!contents_find(&e, NULL, &c->contents, path, err))
		return false;
	if (!e || e->kind == ENTRY_DIR)
		return true;
	if (!contents_read(&text, &c->contents, e, LIMIT_WHEEL_METADATA, err))
		return false;
	at = strstr(text.ptr, "__version__");
	at = at ? at + strcspn(at, "\"'\n") : NULL;
	if (at && (*at == '"' || *at == '\''))
		*out = mem_strndup(at + 1, strcspn(at + 1, "\"'\n"));
	return true;
}

bool rule_lithops_version(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list at = { 0 };
	AUTO(auto_free) char *version = NULL;

	if (!find_lithops(&at, c, err) || (at.len && !version_of(&version, c, at.items[0], err)))
		return false;
	if (!at.len)
		return true;
	if (!version)
		check_say(c, "%s/version.py says no version", at.items[0]);
	else if (c->req->lithops && !str_eq(version, c->req->lithops))
		check_say(c, "%s is Lithops %s, not %s", at.items[0], version, c->req->lithops);
	if (version && !c->report->lithops)
		c->report->lithops = STEAL(version);
	return true;
}

bool rule_lithops_twice(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list at = { 0 };
	AUTO(auto_free) char *used = NULL;

	if (!find_lithops(&at, c, err) || (at.len && !version_of(&used, c, at.items[0], err)))
		return false;
	for (size_t i = 1; i < at.len; i++) {
		AUTO(auto_free) char *other = NULL;

		if (!version_of(&other, c, at.items[i], err))
			return false;
		if (!str_eq(other ? other : "", used ? used : ""))
			check_say(c, "%s (%s) stands before %s (%s)", at.items[0],
				  used ? used : "?", at.items[i], other ? other : "?");
	}
	return true;
}

/* --- shadows --- */

/* "json.py", "json" with an __init__.py, "json.cpython-311-x86_64-linux-gnu.so" -> "json". */
static bool module_name(char **out, const struct rule_check *c, const char *dir, const char *name,
			struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s%s%s", dir, *dir ? "/" : "", name);
	AUTO(auto_free) char *init = mem_printf("%s/__init__.py", path);
	const struct entry *e, *first;

	*out = NULL;
	if (!contents_find(&e, NULL, &c->contents, path, err) ||
	    !contents_find(&first, NULL, &c->contents, init, err))
		return false;
	if (e && e->kind == ENTRY_DIR)
		*out = first ? mem_strdup(name) : NULL;
	else if (e && (str_has_suffix(name, ".py") || is_shared_object(name)))
		*out = mem_strndup(name, strcspn(name, "."));
	return true;
}

/* Modules of the first directory of sys.path, the handler's. */
static bool beside_handler(struct str_list *out, const struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	if (!c->handler || !contents_list(&names, &c->contents, c->search.items[0], err))
		return c->handler == NULL;
	for (size_t i = 0; i < names.len; i++) {
		char *module;

		if (!module_name(&module, c, c->search.items[0], names.items[i], err))
			return false;
		if (module)
			str_list_push_take(out, module);
	}
	return true;
}

bool rule_shadows_stdlib(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list modules = { 0 };

	if (!beside_handler(&modules, c, err))
		return false;
	for (size_t i = 0; i < modules.len; i++)
		if (stdlib_has(modules.items[i]) && !str_eq(modules.items[i], "__init__") &&
		    !str_eq(modules.items[i], "__main__"))
			check_say(c, "'%s' in /%s hides Python's own", modules.items[i],
				  c->search.items[0]);
	return true;
}

bool rule_shadows_package(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list modules = { 0 };

	if (!beside_handler(&modules, c, err))
		return false;
	for (size_t i = 0; i < modules.len; i++) {
		/* Lithops has a rule of its own. */
		if (str_eq(modules.items[i], "lithops") || str_eq(modules.items[i], "__init__"))
			continue;
		for (size_t k = 1; k < c->search.len; k++) {
			AUTO(str_list_free) struct str_list there = { 0 };
			const char *dir = c->search.items[k];
			bool hidden = false;

			if (!contents_list(&there, &c->contents, dir, err))
				return false;
			for (size_t n = 0; n < there.len && !hidden; n++) {
				AUTO(auto_free) char *name = NULL;

				if (!str_has_prefix(there.items[n], modules.items[i]))
					continue;
				if (!module_name(&name, c, dir, there.items[n], err))
					return false;
				hidden = name && str_eq(name, modules.items[i]);
			}
			if (hidden)
				check_say(c, "'%s' in /%s hides the one in /%s", modules.items[i],
					  c->search.items[0], dir);
		}
	}
	return true;
}
