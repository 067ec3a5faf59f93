// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "extend/change.h"
#include "runtime/check_facts.h"

/* Rules about what is started, and where files have to be. */

struct lost {
	const char *name;
	char *at; /* where a file of that name lies instead */
};

static bool find_lost(void *arg, const struct entry *e)
{
	struct lost *lost = arg;
	size_t len = strlen(e->path), want = strlen(lost->name);

	if (e->kind != ENTRY_FILE || len <= want || e->path[len - want - 1] != '/' ||
	    !str_eq(e->path + len - want, lost->name))
		return true;
	lost->at = mem_strdup(e->path);
	return false;
}

bool rule_entry_point(struct rule_check *c, struct err *err)
{
	const struct entry *e;
	struct lost lost = { .name = c->req->backend->handler.as };

	if (!contents_find(&e, NULL, &c->contents, c->handler, err))
		return false;
	if (e && e->kind == ENTRY_FILE)
		return true;
	if (c->req->zip)
		contents_walk(&c->contents, "", find_lost, &lost);
	if (lost.at)
		check_say(c, "%s is at %s", c->handler, lost.at);
	else
		check_say(c, "there is no %s%s", c->req->zip ? "" : "/", c->handler);
	free(lost.at);
	return true;
}

/* --- the command --- */

bool rule_command_set(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list words = { 0 };

	(void)err;
	check_command(&words, c);
	if (!words.len)
		check_say(c, "it says neither ENTRYPOINT nor CMD");
	return true;
}

/* The programs that start it: the first word, and what a shell is told to become. */
static void programs(struct str_list *out, const struct rule_check *c)
{
	AUTO(str_list_free) struct str_list words = { 0 };
	const char *script;
	size_t len;

	check_command(&words, c);
	if (!words.len)
		return;
	str_list_push(out, words.items[0]);
	if (words.len < 3 || !str_eq(words.items[1], "-c") ||
	    !(str_has_suffix(words.items[0], "/sh") || str_has_suffix(words.items[0], "/bash")))
		return;
	script = words.items[2] + strspn(words.items[2], " ");
	if (str_has_prefix(script, "exec "))
		script += strlen("exec ") + strspn(script + strlen("exec "), " ");
	len = strspn(script, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-+");
	/* builtins, variables and lists of commands are the shell's to know */
	if (len && (!script[len] || script[len] == ' ') && !strpbrk(script, ";&|") &&
	    !str_has_prefix(script, "cd ") && !str_has_prefix(script, "set "))
		str_list_push_take(out, mem_strndup(script, len));
}

bool rule_command_found(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list words = { 0 };

	programs(&words, c);
	for (size_t i = 0; i < words.len; i++) {
		const struct entry *e;

		if (!check_program(&e, NULL, c, words.items[i], err))
			return false;
		if (!e)
			check_say(c, "it starts '%s', which is not there", words.items[i]);
	}
	return true;
}

bool rule_command_executable(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list words = { 0 };

	programs(&words, c);
	for (size_t i = 0; i < words.len; i++) {
		AUTO(auto_free) char *at = NULL;
		const struct entry *e;

		if (!check_program(&e, &at, c, words.items[i], err))
			return false;
		if (e && !(e->mode & 0111))
			check_say(c, "it starts /%s, whose mode is %04o", at, (unsigned)e->mode);
	}
	return true;
}

/* "#!/usr/bin/env python3": the kernel takes 255 bytes of the line. */
enum { SHEBANG_MOST = 256 };

static bool check_shebang(struct rule_check *c, const char *script, struct buf *head,
			  struct err *err)
{
	const struct entry *e;
	struct slice rest = { head->ptr, head->len }, line, word;
	AUTO(auto_free) char *program = NULL;

	line = slice_cut(rest, '\n', &rest);
	if (!slice_has_prefix(line, "#!"))
		return true;
	line = slice_trim((struct slice){ line.ptr + 2, line.len - 2 }, " \t\r");
	word = slice_cut(line, ' ', &rest);
	if (slice_eq(word, "/usr/bin/env") && rest.ptr)
		word = slice_cut(slice_trim(rest, " "), ' ', &rest);
	program = mem_strndup(word.ptr, word.len);
	if (!check_program(&e, NULL, c, program, err))
		return false;
	if (!e)
		check_say(c, "/%s is a script for %s, which is not there", script, program);
	return true;
}

bool rule_command_interpreter(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list words = { 0 };

	programs(&words, c);
	for (size_t i = 0; i < words.len; i++) {
		AUTO(auto_free) char *at = NULL;
		AUTO(buf_free) struct buf head = BUF_INIT(SHEBANG_MOST);
		const struct entry *e;

		if (!check_program(&e, &at, c, words.items[i], err))
			return false;
		if (e && (!contents_heads(&head, &c->contents, &e, 1, SHEBANG_MOST, err) ||
			  !check_shebang(c, at, &head, err)))
			return false;
	}
	return true;
}

/* --- modes --- */

struct unreadable {
	struct rule_check *c;
	size_t count;
};

/* The platforms' users are not the owner. */
static bool see_mode(void *arg, const struct entry *e)
{
	struct unreadable *u = arg;
	mode_t want = e->kind == ENTRY_DIR ? 0005 : 0004;

	if ((e->kind == ENTRY_FILE || e->kind == ENTRY_DIR) && (e->mode & want) != want &&
	    u->count++ < 5)
		check_say(u->c, "%s has mode %04o", e->path, (unsigned)e->mode);
	return true;
}

/* Of an image, the handler's own directory: others may be private for a reason. */
bool rule_files_readable(struct rule_check *c, struct err *err)
{
	struct unreadable u = { .c = c };
	AUTO(auto_free) char *at = NULL;
	const struct entry *e;

	if (c->req->zip) {
		contents_walk(&c->contents, "", see_mode, &u);
	} else if (c->handler) {
		if (!contents_find(&e, &at, &c->contents, c->search.items[0], err))
			return false;
		if (e && *at) {
			(void)see_mode(&u, e);
			contents_walk(&c->contents, at, see_mode, &u);
		}
	}
	if (u.count > 5)
		check_say(c, "and %zu more", u.count - 5);
	return true;
}

/* --- baked functions --- */

#define BAKED "opt/lithops/func.pickle"
#define BAKED_MODULES "/opt/lithops/modules"

bool rule_baked_function(struct rule_check *c, struct err *err)
{
	const char *path = check_env(c, "PYTHONPATH");
	AUTO(buf_free) struct buf head = BUF_INIT(2);
	const struct entry *e, *modules;

	if (!contents_find(&e, NULL, &c->contents, BAKED, err) ||
	    !contents_find(&modules, NULL, &c->contents, BAKED_MODULES, err))
		return false;
	if (!e) {
		if (config_label(&c->req->image->config, CHANGE_LABEL "function"))
			check_say(c, "its labels tell of a function, and there is no /" BAKED);
		return true;
	}
	if (e->kind != ENTRY_FILE || (e->mode & 0004) == 0)
		check_say(c, "/" BAKED " cannot be read by every user (mode %04o)",
			  (unsigned)e->mode);
	if (modules && (!path || !strstr(path, BAKED_MODULES)))
		check_say(c, BAKED_MODULES " is not on PYTHONPATH");
	if (!contents_heads(&head, &c->contents, &e, 1, 2, err))
		return false;
	/* PROTO, pickle protocol 2 and later */
	if (head.len < 2 || (unsigned char)head.ptr[0] != 0x80)
		check_say(c, "/" BAKED " is no pickle");
	return true;
}

/* --- zips --- */

bool rule_layer_root(struct rule_check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	const struct entry *dir;

	if (!contents_list(&names, &c->contents, "", err) ||
	    !contents_find(&dir, NULL, &c->contents, "python", err))
		return false;
	if (!dir || dir->kind != ENTRY_DIR)
		check_say(c, "nothing is below python/, but in %s%s",
			  names.len ? names.items[0] : "nothing",
			  names.len > 1 ? " and others" : "");
	return true;
}

static bool find_zip(void *arg, const struct entry *e)
{
	struct rule_check *c = arg;

	/* packages may carry zips as data: only those where code is looked for count */
	if (e->kind == ENTRY_FILE && !strchr(e->path, '/') &&
	    (str_has_suffix(e->path, ".zip") || str_has_suffix(e->path, ".whl")))
		check_say(c, "%s is packed in it, and no platform unpacks it", e->path);
	return true;
}

bool rule_zip_in_zip(struct rule_check *c, struct err *err)
{
	(void)err;
	contents_walk(&c->contents, "", find_zip, c);
	return true;
}

bool rule_zip_files(struct rule_check *c, struct err *err)
{
	const struct backend_zip_file *files = c->req->backend->zip.files.items;

	for (size_t i = 0; i < c->req->backend->zip.files.len; i++) {
		const struct entry *e;

		if (!contents_find(&e, NULL, &c->contents, files[i].path, err))
			return false;
		if (!e || e->kind != ENTRY_FILE)
			check_say(c, "there is no %s", files[i].path);
	}
	return true;
}

bool rule_zip_packages(struct rule_check *c, struct err *err)
{
	const struct backend *b = c->req->backend;
	AUTO(str_list_free) struct str_list names = { 0 };
	const struct entry *list = NULL;
	bool has = false;

	if (!contents_list(&names, &c->contents, c->site, err) ||
	    (b->zip.requirements &&
	     !contents_find(&list, NULL, &c->contents, b->zip.requirements, err)))
		return false;
	for (size_t i = 0; i < names.len; i++)
		has = has || str_has_suffix(names.items[i], ".dist-info");
	if (!has && !list)
		check_say(c, "no installed package is in %s%s%s", *c->site ? c->site : "its root",
			  b->zip.requirements ? ", nor is there a " : "",
			  b->zip.requirements ? b->zip.requirements : "");
	return true;
}
