// SPDX-License-Identifier: Apache-2.0
#include "cmd/containers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/* Names, records and sockets of what runs. */

void container_record_free(struct container_record *r)
{
	free(r->name);
	free(r->id);
	free(r->image);
	free(r->command);
	free(r->log);
	*r = (struct container_record){ 0 };
}

void container_records_free(struct container_records *l)
{
	for (size_t i = 0; i < l->len; i++)
		container_record_free(&l->items[i]);
	free(l->items);
	*l = (struct container_records){ 0 };
}

/* --- records --- */

static char *record_text(const struct container_record *r)
{
	AUTO(auto_json_decref) json_t *doc = json_object();

	json_object_set_new(doc, "id", json_string(r->id));
	json_object_set_new(doc, "image", json_string(r->image));
	json_object_set_new(doc, "command", json_string(r->command));
	json_object_set_new(doc, "log", json_string(r->log ? r->log : ""));
	json_object_set_new(doc, "created", json_integer(r->created));
	if (!r->running)
		json_object_set_new(doc, "status", json_integer(r->status));
	return json_text_pretty(doc, NULL);
}

static bool write_record(int dir, const struct container_record *r, struct err *err)
{
	AUTO(auto_free) char *text = record_text(r);

	return fs_write_lossy(dir, "record.json", text, strlen(text), 0600, err);
}

static char *text_of(const json_t *doc, const char *key)
{
	const char *text = json_text_member(doc, key);

	return mem_strdup(text ? text : "");
}

static bool read_record(struct container_record *out, int dir, const char *name, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_json_decref) json_t *doc = NULL;

	if (!fs_read(&text, dir, "record.json", LIMIT_SETTINGS_FILE, FS_BENEATH_NOLINK, err) ||
	    !json_parse(&doc, text.ptr, text.len, name, err))
		return false;
	*out = (struct container_record){
		.name = mem_strdup(name),
		.id = text_of(doc, "id"),
		.image = text_of(doc, "image"),
		.command = text_of(doc, "command"),
		.log = text_of(doc, "log"),
		.created = json_integer_value(json_object_get(doc, "created")),
		.running = !json_object_get(doc, "status"),
		.status = (int)json_integer_value(json_object_get(doc, "status")),
	};
	return true;
}

/* --- who lives --- */

static bool open_all(int *dir_out, struct store *s, struct err *err)
{
	return store_subdir(dir_out, s, "containers", err);
}

/* Its keeper's lock, when it can be had: *fd_out -1 while the keeper lives. */
static bool try_lock(int *fd_out, int dir, struct err *err)
{
	AUTO(auto_close) int fd = -1;

	*fd_out = -1;
	if (!fs_open(&fd, dir, "lock", O_RDWR | O_CREAT, 0600, FS_BENEATH_NOLINK, err))
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		*fd_out = steal_fd(&fd);
	else if (errno != EWOULDBLOCK)
		return err_set_errno(err, "lock a container");
	return true;
}

/* *there_out false: there is none, or what a killed keeper left, which is removed. */
static bool look(struct container_record *out, bool *there_out, int all, const char *name,
		 struct err *err)
{
	AUTO(auto_close) int dir = -1, lock = -1;
	struct err none = { 0 };

	*there_out = false;
	if (!fs_open(&dir, all, name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, &none))
		return none.code == E_NOT_FOUND || (*err = none, false);
	if (!try_lock(&lock, dir, err))
		return false;
	if (read_record(out, dir, name, &none) && (lock < 0 || !out->running)) {
		*there_out = true;
		return true;
	}
	container_record_free(out);
	/* Without a record it is just being made, unless nobody makes it. */
	return lock < 0 || fs_remove_tree(all, name, err);
}

static int by_age(const void *left, const void *right)
{
	const struct container_record *a = left, *b = right;

	return a->created != b->created ? (a->created < b->created) - (a->created > b->created)
					: strcmp(a->name, b->name);
}

/* All who look or change names do so one after the other. */
static bool lock_names(int *fd_out, int all, struct err *err)
{
	return fs_lock(fd_out, all, ".names", true, err);
}

bool containers_list(struct container_records *out, struct store *s, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int all = -1, guard = -1;

	if (!open_all(&all, s, err) || !lock_names(&guard, all, err) ||
	    !fs_list(&names, all, ".", FS_BENEATH, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		struct container_record r = { 0 };
		bool there;

		if (names.items[i][0] == '.')
			continue;
		if (!look(&r, &there, all, names.items[i], err))
			return false;
		if (there)
			*ARRAY_PUSH(out) = r;
	}
	if (out->len)
		qsort(out->items, out->len, sizeof(*out->items), by_age);
	return true;
}

bool containers_find(struct container_record *out, struct store *s, const char *text,
		     struct err *err)
{
	AUTO(container_records_free) struct container_records all = { 0 };
	struct container_record *found = NULL;
	size_t count = 0;

	if (!containers_list(&all, s, err))
		return false;
	for (size_t i = 0; i < all.len && count < 2; i++) {
		struct container_record *r = &all.items[i];

		if (str_eq(r->name, text)) {
			found = r;
			count = 1;
			break;
		}
		if (*text && str_has_prefix(r->id, text)) {
			found = r;
			count++;
		}
	}
	if (count != 1)
		return err_set(err, E_NOT_FOUND, "%s container: %s",
			       count ? "More than one" : "No such", text);
	*out = *found;
	*found = (struct container_record){ 0 };
	return true;
}

/* --- the keeper --- */

/* docker's rule: [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
static bool check_name(const char *name, struct err *err)
{
	static const char first[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char later[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t len = strlen(name);

	if (len >= 2 && len <= NAME_MAX && strchr(first, name[0]) && strspn(name, later) == len)
		return true;
	err_set(err, E_INPUT, "'%s' is no name for a container", name);
	return err_hint(err, "letters, digits, '_', '.' and '-', a letter or digit first, two at "
			     "least");
}

static char *random_id(void)
{
	AUTO(buf_free) struct buf text = BUF_INIT(100);
	unsigned char bytes[32];

	random_bytes(bytes, sizeof(bytes));
	buf_put_hex(&text, bytes, sizeof(bytes));
	return buf_steal(&text);
}

/* A socket's path is at most 107 bytes, a store's may be longer: it is reached through its
 * directory's descriptor. */
static struct sockaddr_un address_in(int dir)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	AUTO(auto_free) char *path = mem_printf("/proc/self/fd/%d/socket", dir);

	memcpy(a.sun_path, path, strlen(path));
	return a;
}

static bool listen_in(int *out, int dir, struct err *err)
{
	struct sockaddr_un a = address_in(dir);
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	/* Nobody but our own user gets through the directory, which is 0700. */
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 16) < 0)
		return err_set_errno(err, "listen for requests to a container");
	*out = steal_fd(&fd);
	return true;
}

static bool take_name(struct container_claim *c, const char *name, struct err *err)
{
	struct container_record held = { 0 };
	bool there;

	if (!look(&held, &there, c->parent, name, err))
		return false;
	if (there) {
		err_set(err, E_INTEGRITY,
			"Conflict. The container name \"/%s\" is already in use by container "
			"\"%s\".",
			name, held.id);
		container_record_free(&held);
		return err_hint(err, "remove that one (docker rm -f %s) or take another name",
				name);
	}
	if (mkdirat(c->parent, name, 0700) < 0)
		return err_set_errno(err, "make containers/%s", name);
	return fs_open(&c->dir, c->parent, name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK,
		       err) &&
	       fs_lock(&c->lock, c->dir, "lock", true, err);
}

bool containers_claim(struct container_claim *out, struct container_record *r, struct store *s,
		      struct err *err)
{
	AUTO(auto_close) int guard = -1;

	free(r->id);
	r->id = random_id();
	r->created = clock_wall();
	r->running = true;
	if (!r->name)
		r->name = mem_printf("rtbuild-%.12s", r->id);
	if (!check_name(r->name, err) || !open_all(&out->parent, s, err) ||
	    !lock_names(&guard, out->parent, err) || !take_name(out, r->name, err))
		return false;
	out->name = mem_strdup(r->name);
	return listen_in(&out->listener, out->dir, err) && write_record(out->dir, r, err);
}

bool containers_update(const struct container_claim *c, const struct container_record *r,
		       struct err *err)
{
	return write_record(c->dir, r, err);
}

void containers_release(struct container_claim *c, struct container_record *r, bool keep)
{
	struct err ignored = { 0 };

	r->running = false;
	if (c->name && keep && write_record(c->dir, r, &ignored))
		unlinkat(c->dir, "socket", 0);
	else if (c->name && !fs_remove_tree(c->parent, c->name, &ignored))
		err_clear(&ignored); /* the next who looks at it finds it dead */
	auto_close(&c->listener);
	auto_close(&c->lock);
	auto_close(&c->dir);
	auto_close(&c->parent);
	free(c->name);
	c->name = NULL;
}

/* --- requests --- */

void container_request_encode(struct message *w, const struct container_request *r)
{
	message_put_number(w, r->op);
	message_put_list(w, r->argv);
	message_put_list(w, r->env);
	message_put_text(w, r->cwd);
	message_put_text(w, r->user);
}

bool container_request_decode(struct container_request *out, struct message *w, struct err *err)
{
	const char **argv = NULL, **env = NULL;
	uint64_t op;
	bool ok;

	*out = (struct container_request){ 0 };
	ok = message_number(&op, w, CONTAINER_STOP, err) && message_list(&argv, w, err);
	out->argv = argv;
	ok = ok && message_list(&env, w, err);
	out->env = env;
	if (!ok || !message_text_or_null(&out->cwd, w, err) ||
	    !message_text_or_null(&out->user, w, err))
		return false;
	out->op = (enum container_op)op;
	return true;
}

void container_request_free(struct container_request *r)
{
	free((void *)(uintptr_t)STEAL(r->argv));
	free((void *)(uintptr_t)STEAL(r->env));
}

bool containers_connect(int *sock_out, struct store *s, const char *name, struct err *err)
{
	AUTO(auto_close) int all = -1, dir = -1;
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;

	if (fd < 0)
		return err_set_errno(err, "socket");
	if (!open_all(&all, s, err) ||
	    !fs_open(&dir, all, name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err))
		return false;
	a = address_in(dir);
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		return err_set(err, E_NOT_FOUND, "Container %s is not running", name);
	*sock_out = steal_fd(&fd);
	return true;
}

bool containers_remove(struct store *s, const char *name, struct err *err)
{
	AUTO(auto_close) int all = -1, dir = -1;
	struct err none = { 0 };
	int lock = -1;

	if (!open_all(&all, s, err))
		return false;
	if (!fs_open(&dir, all, name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, &none))
		return none.code == E_NOT_FOUND || (*err = none, false);
	/* The keeper may remove it while we wait: then there is nothing to lock any more. */
	while (fs_exists(all, name)) {
		if (!try_lock(&lock, dir, &none))
			return none.code == E_NOT_FOUND || (*err = none, false);
		if (lock >= 0)
			break;
		clock_sleep_ms(5);
		if (!cancel_check(err))
			return false;
	}
	auto_close(&lock);
	return !fs_exists(all, name) || fs_remove_tree(all, name, err);
}
