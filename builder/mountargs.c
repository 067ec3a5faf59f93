// SPDX-License-Identifier: Apache-2.0
#include "builder/mountargs.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "builder/ramsize.h"
#include "builder/words.h"

/* Two passes over the options of a --mount: its type first, since it says what the others mean. */

enum { KINDS = MOUNT_SSH + 1, SHARINGS = SHARING_LOCKED + 1 };

/* clang-format off */
static const struct kind {
	const char *name;
	bool read_only; /* unless it says otherwise */
	uint32_t mode;
} kinds[KINDS] = {
	[MOUNT_BIND]   = { "bind",   true,  0 },
	[MOUNT_CACHE]  = { "cache",  false, 0755 },
	[MOUNT_TMPFS]  = { "tmpfs",  false, 0 },
	[MOUNT_SECRET] = { "secret", true,  0400 },
	[MOUNT_SSH]    = { "ssh",    true,  0600 },
};
/* clang-format on */
static const char *const sharings[SHARINGS] = { "shared", "private", "locked" };

/* One --mount under way. */
struct mount_parse {
	struct maker *m;
	const struct flag *flag;
	struct step_mount *mount;
	const struct word_at *field;
	const char *target; /* as written; NULL: not given */
	const char *source;
};

static bool at_field(const struct mount_parse *p, struct err *err)
{
	return dockerfile_at(p->m->file, flag_value_place(p->flag, p->field->at),
			     (int)strlen(p->field->text), err);
}

static bool at_flag(const struct mount_parse *p, struct err *err)
{
	return dockerfile_at(p->m->file, p->flag->place, (int)strlen("--mount"), err);
}

/* --- values --- */

/* In lower case among `names`; false with the nearest one said. */
static bool take_word(size_t *out, const char *value, const char *const *names, size_t count,
		      const char *what, struct err *err)
{
	AUTO(auto_free) char *word = mem_strdup(value);
	const char *near;

	for (char *c = word; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	for (size_t i = 0; i < count; i++) {
		*out = i;
		if (str_eq(word, names[i]))
			return true;
	}
	near = str_nearest(word, names, count);
	err_set(err, E_INPUT, "--mount: unknown %s '%s'", what, value);
	return near ? err_hint(err, "did you mean %s?", near) : false;
}

static bool take_type(struct mount_parse *p, const char *value, struct err *err)
{
	const char *names[KINDS];
	size_t kind;

	for (size_t i = 0; i < KINDS; i++)
		names[i] = kinds[i].name;
	if (!take_word(&kind, value, names, KINDS, "type", err))
		return *err->hint ? false
				  : err_hint(err, "it is bind, cache, tmpfs, secret or ssh");
	p->mount->kind = (enum step_mount_kind)kind;
	return true;
}

static bool take_sharing(struct mount_parse *p, const char *value, struct err *err)
{
	size_t sharing;

	if (!take_word(&sharing, value, sharings, SHARINGS, "sharing", err))
		return *err->hint ? false : err_hint(err, "it is shared, private or locked");
	p->mount->sharing = (enum sandbox_sharing)sharing;
	return true;
}

static bool take_from(struct mount_parse *p, const char *value, struct err *err)
{
	(void)err;
	p->mount->from = *value ? value : NULL;
	p->mount->from_place = flag_value_place(p->flag, p->field->at);
	return true;
}

static bool take_source(struct mount_parse *p, const char *value, struct err *err)
{
	(void)err;
	p->source = *value ? value : NULL;
	return true;
}

static bool take_target(struct mount_parse *p, const char *value, struct err *err)
{
	(void)err;
	p->target = *value ? value : NULL;
	return true;
}

static bool take_id(struct mount_parse *p, const char *value, struct err *err)
{
	(void)err;
	p->mount->id = *value ? value : NULL;
	return true;
}

static bool take_env(struct mount_parse *p, const char *value, struct err *err)
{
	if (!*value || strchr(value, '='))
		return err_set(err, E_INPUT, "--mount: '%s' cannot be a variable's name", value);
	p->mount->env = value;
	return true;
}

/* As Go's strconv.ParseBool; NULL is an option without a value. */
static bool take_bool(bool *out, const char *value, struct err *err)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	*out = true;
	for (size_t i = 0; value && i < ARRAY_LEN(yes); i++) {
		if (str_eq(value, yes[i]))
			return true;
	}
	*out = false;
	for (size_t i = 0; value && i < ARRAY_LEN(no); i++) {
		if (str_eq(value, no[i]))
			return true;
	}
	*out = true;
	return !value || err_set(err, E_INPUT, "--mount: '%s' is not true or false", value);
}

static bool take_readonly(struct mount_parse *p, const char *value, struct err *err)
{
	return take_bool(&p->mount->read_only, value, err);
}

static bool take_readwrite(struct mount_parse *p, const char *value, struct err *err)
{
	bool writable;

	if (!take_bool(&writable, value, err))
		return false;
	p->mount->read_only = !writable;
	return true;
}

static bool take_required(struct mount_parse *p, const char *value, struct err *err)
{
	return take_bool(&p->mount->required, value, err);
}

static bool take_size(struct mount_parse *p, const char *value, struct err *err)
{
	return ramsize_parse(&p->mount->size, value, err) || err_wrap(err, "--mount");
}

static bool take_mode(struct mount_parse *p, const char *value, struct err *err)
{
	size_t digits = strspn(value, "01234567");

	if (!digits || value[digits] || strtoul(value, NULL, 8) > 07777) {
		err_set(err, E_INPUT, "--mount: '%s' is no mode", value);
		return err_hint(err, "an octal number, at most 7777");
	}
	p->mount->mode = (uint32_t)strtoul(value, NULL, 8);
	return true;
}

static bool take_number(uint32_t *out, const char *value, const char *what, struct err *err)
{
	uint64_t number;

	if (!str_to_u64(&number, slice_of(value), UINT32_MAX))
		return err_set(err, E_INPUT, "--mount: '%s' is no %s", value, what);
	*out = (uint32_t)number;
	return true;
}

static bool take_uid(struct mount_parse *p, const char *value, struct err *err)
{
	return take_number(&p->mount->uid, value, "uid", err);
}

static bool take_gid(struct mount_parse *p, const char *value, struct err *err)
{
	return take_number(&p->mount->gid, value, "gid", err);
}

/* --- options --- */

#define BIT(kind) (1U << (kind))
enum {
	ALL = BIT(KINDS) - 1,
	WITH_OWNER = BIT(MOUNT_CACHE) | BIT(MOUNT_SECRET) | BIT(MOUNT_SSH),
};

/* clang-format off */
static const struct option {
	const char *name;
	unsigned kinds; /* of which it may be an option */
	bool bare;      /* its value may be left out */
	bool (*take)(struct mount_parse *p, const char *value, struct err *err);
} options[] = {
	{ "type",        ALL,                                false, take_type },
	{ "from",        ALL & ~BIT(MOUNT_SECRET),           false, take_from },
	{ "source",      ALL & ~BIT(MOUNT_SSH),              false, take_source },
	{ "src",         ALL & ~BIT(MOUNT_SSH),              false, take_source },
	{ "target",      ALL,                                false, take_target },
	{ "dst",         ALL,                                false, take_target },
	{ "destination", ALL,                                false, take_target },
	{ "readonly",    ALL,                                true,  take_readonly },
	{ "ro",          ALL,                                true,  take_readonly },
	{ "readwrite",   ALL,                                true,  take_readwrite },
	{ "rw",          ALL,                                true,  take_readwrite },
	{ "required",    BIT(MOUNT_SECRET) | BIT(MOUNT_SSH), true,  take_required },
	{ "size",        BIT(MOUNT_TMPFS),                   false, take_size },
	{ "id",          ALL,                                false, take_id },
	{ "sharing",     BIT(MOUNT_CACHE),                   false, take_sharing },
	{ "mode",        WITH_OWNER,                         false, take_mode },
	{ "uid",         WITH_OWNER,                         false, take_uid },
	{ "gid",         WITH_OWNER,                         false, take_gid },
	{ "env",         ALL,                                false, take_env },
};
/* clang-format on */

/* "key", then *value_out behind its '=', NULL without one. */
static const struct option *find_option(const char **value_out, const char *field)
{
	const char *sign = strchr(field, '=');
	size_t len = sign ? (size_t)(sign - field) : strlen(field);

	*value_out = sign ? sign + 1 : NULL;
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (strlen(options[i].name) == len && strncasecmp(options[i].name, field, len) == 0)
			return &options[i];
	}
	return NULL;
}

static bool unknown_option(const struct mount_parse *p, struct err *err)
{
	AUTO(auto_free) char *key = mem_strndup(p->field->text, strcspn(p->field->text, "="));
	const char *names[ARRAY_LEN(options)];
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		names[i] = options[i].name;
	near = str_nearest(key, names, ARRAY_LEN(options));
	if (*key)
		err_set(err, E_INPUT, "--mount has no option '%s'", key);
	else
		err_set(err, E_INPUT, "--mount: an empty option");
	if (near)
		err_hint(err, "did you mean %s?", near);
	else
		err_hint(err,
			 "options are type, target, source, from, id, sharing, size, mode, uid, "
			 "gid, env, required, ro and rw");
	return at_field(p, err);
}

static bool wrong_kind(const struct mount_parse *p, const struct option *o, struct err *err)
{
	AUTO(buf_free) struct buf cure = BUF_INIT(256);

	for (size_t i = 0; i < KINDS; i++) {
		if (o->kinds & BIT(i))
			buf_putf(&cure, "%s%s", cure.len ? ", " : "", kinds[i].name);
	}
	err_set(err, E_INPUT, "--mount: %s is no option of type=%s", o->name,
		kinds[p->mount->kind].name);
	err_hint(err, "leave it out; it belongs to %s", cure.ptr);
	return at_field(p, err);
}

/* Its value with variables replaced. *known_out false: the base image may yet give some. */
static bool option_value(const char **out, bool *known_out, const struct mount_parse *p,
			 const struct option *o, const char *value, struct err *err)
{
	const char *dollar = strchr(value, '$');

	*known_out = true;
	if (o->take == take_from && dollar && dollar[1]) {
		err_set(err, E_INPUT, "--mount: from does not expand variables");
		err_hint(err, "name a stage first: FROM image AS name, then from=name");
		return at_field(p, err);
	}
	if (!maker_expand_flag(out, p->m, p->flag, p->field->at + (size_t)(value - p->field->text),
			       value, err))
		return false;
	*known_out = p->m->s->base_known || !strchr(*out, '$');
	return true;
}

static bool take_option(struct mount_parse *p, const struct option *o, const char *value,
			struct err *err)
{
	bool known = true;

	if (!(o->kinds & BIT(p->mount->kind)))
		return wrong_kind(p, o, err);
	if (!value && !o->bare) {
		err_set(err, E_INPUT, "--mount: %s needs a value", o->name);
		return at_field(p, err);
	}
	if (value && !option_value(&value, &known, p, o, value, err))
		return false;
	return !known || o->take(p, value, err) || at_field(p, err);
}

static bool take_options(struct mount_parse *p, const struct word_list *fields, bool types,
			 struct err *err)
{
	for (size_t i = 0; i < fields->len; i++) {
		const char *value;
		const struct option *o = find_option(&value, fields->items[i].text);

		p->field = &fields->items[i];
		if (!o)
			return unknown_option(p, err);
		if ((o->take == take_type) == types && !take_option(p, o, value, err))
			return false;
	}
	return true;
}

/* --- what was left out --- */

static const char *absolute(const struct mount_parse *p, const char *dir, const char *path)
{
	AUTO(auto_free) char *joined = fs_join(dir, path);

	return arena_strdup(p->m->s->arena, joined);
}

/* BuildKit's defaults: a bind, cache or tmpfs without target lies over the working directory. */
static bool finish_target(struct mount_parse *p, struct err *err)
{
	struct step_mount *mount = p->mount;
	bool places = mount->kind != MOUNT_SECRET && mount->kind != MOUNT_SSH;

	if (p->target)
		mount->target = absolute(p, places ? p->m->s->workdir : "/", p->target);
	else if (places)
		mount->target = p->m->s->workdir;
	else if (mount->kind == MOUNT_SECRET && !mount->env)
		mount->target =
			arena_printf(p->m->s->arena, "/run/secrets/%s", fs_basename(mount->id));
	if (!mount->target || !str_eq(mount->target, "/"))
		return true;
	if (!p->m->s->base_known && !(p->target && *p->target == '/'))
		return true; /* the base's working directory may be another */
	if (p->target)
		err_set(err, E_INPUT, "--mount cannot lie over the root: target is '%s'",
			p->target);
	else
		err_set(err, E_INPUT, "--mount needs a target: the working directory is '/'");
	err_hint(err, "say where: target=/some/directory");
	return at_flag(p, err);
}

static bool finish_secret(struct mount_parse *p, struct err *err)
{
	struct step_mount *mount = p->mount;

	if (p->source && mount->id) {
		err_set(err, E_INPUT, "--mount: a secret has a source or an id, not both");
		err_hint(err, "source is another word for id");
		return at_flag(p, err);
	}
	if (p->source)
		mount->id = p->source;
	if (!mount->id && !p->target) {
		err_set(err, E_INPUT, "--mount: a secret needs an id or a target");
		err_hint(err,
			 "add id=NAME, and give it as rtbuild build --secret id=NAME,src=FILE");
		return at_flag(p, err);
	}
	if (!mount->id)
		mount->id = arena_strdup(p->m->s->arena, fs_basename(p->target));
	return finish_target(p, err);
}

static bool finish_ssh(struct mount_parse *p, size_t number, struct err *err)
{
	if (!p->mount->id)
		p->mount->id = "default";
	if (!p->target)
		p->target = arena_printf(p->m->s->arena, "/run/buildkit/ssh_agent.%zu", number);
	return finish_target(p, err);
}

/* Of a cache: the target as written, cleaned but not joined to the working directory. */
static const char *default_id(const struct mount_parse *p)
{
	const char *clean = absolute(p, "/", p->target ? p->target : "");

	if (p->target && *p->target == '/')
		return clean;
	return clean[1] ? clean + 1 : ".";
}

static bool finish_files(struct mount_parse *p, struct err *err)
{
	struct step_mount *mount = p->mount;

	mount->source = p->source ? absolute(p, "/", p->source) : "/";
	if (mount->kind == MOUNT_TMPFS)
		mount->source = mount->from = NULL;
	if (mount->kind != MOUNT_CACHE)
		mount->id = NULL;
	else if (!mount->id)
		mount->id = default_id(p);
	return finish_target(p, err);
}

static bool parse_mount(struct step_mount *out, struct maker *m, const struct flag *flag,
			size_t ssh_number, struct err *err)
{
	AUTO(word_list_free) struct word_list fields = { 0 };
	struct mount_parse p = { .m = m, .flag = flag, .mount = out };
	size_t bad_at = 0;

	*out = (struct step_mount){ .place = flag->place };
	if (!words_csv(&fields, flag->value, &bad_at)) {
		err_set(err, E_INPUT, "--mount: a quote is out of place");
		err_hint(err,
			 "quote a whole option: '\"target=/a,b\"', with a quote in it doubled");
		return dockerfile_at(m->file, flag_value_place(flag, bad_at), 0, err);
	}
	if (!take_options(&p, &fields, true, err))
		return false;
	out->read_only = kinds[out->kind].read_only;
	out->mode = kinds[out->kind].mode;
	if (!take_options(&p, &fields, false, err))
		return false;
	if (out->kind != MOUNT_SECRET)
		out->env = NULL;
	if (out->kind == MOUNT_SSH)
		out->from = NULL;
	switch (out->kind) {
	case MOUNT_SECRET:
		return finish_secret(&p, err);
	case MOUNT_SSH:
		return finish_ssh(&p, ssh_number, err);
	case MOUNT_BIND:
	case MOUNT_CACHE:
	case MOUNT_TMPFS:
		break;
	}
	return finish_files(&p, err);
}

bool mountargs_make(struct maker *m, struct err *err)
{
	struct step_run *run = &m->step->run;
	struct step_mount *mounts =
		ARENA_ARRAY(m->s->arena, struct step_mount, m->in->flag_count + 1);
	size_t ssh_count = 0;

	for (size_t i = 0; i < m->in->flag_count; i++) {
		const struct flag *flag = &m->in->flags[i];
		struct step_mount *mount = &mounts[run->mount_count];

		if (!str_eq(flag->spec->name, "mount"))
			continue;
		if (!parse_mount(mount, m, flag, ssh_count, err))
			return false;
		ssh_count += mount->kind == MOUNT_SSH;
		run->mount_count++;
	}
	run->mounts = mounts;
	return true;
}

const char *mountargs_from(size_t *at_out, struct arena *arena, const struct flag *flag)
{
	AUTO(word_list_free) struct word_list fields = { 0 };
	const char *from = NULL;

	if (!words_csv(&fields, flag->value, at_out))
		return NULL;
	for (size_t i = 0; i < fields.len; i++) {
		const char *value;
		const struct option *o = find_option(&value, fields.items[i].text);

		if (!o || o->take != take_from || !value)
			continue;
		from = *value && !strchr(value, '$') ? arena_strdup(arena, value) : NULL;
		*at_out = fields.items[i].at;
	}
	return from;
}

/* --- for people --- */

const char *mountargs_kind_name(enum step_mount_kind kind)
{
	return kinds[kind].name;
}

const char *mountargs_sharing_name(enum sandbox_sharing sharing)
{
	return sharings[sharing];
}

void mountargs_describe(struct buf *out, const struct step_mount *mount)
{
	const struct kind *kind = &kinds[mount->kind];
	const struct {
		const char *name, *value;
	} texts[] = {
		{ "target", mount->target },
		{ "from", mount->from },
		{ "source", mount->source && !str_eq(mount->source, "/") ? mount->source : NULL },
		{ "id", mount->id },
		{ "env", mount->env },
	};

	buf_putf(out, "type=%s", kind->name);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i].value)
			buf_putf(out, ",%s=%s", texts[i].name, texts[i].value);
	}
	if (mount->sharing)
		buf_putf(out, ",sharing=%s", sharings[mount->sharing]);
	if (mount->size)
		buf_putf(out, ",size=%llu", (unsigned long long)mount->size);
	if (mount->mode != kind->mode)
		buf_putf(out, ",mode=%04o", mount->mode);
	if (mount->uid)
		buf_putf(out, ",uid=%u", mount->uid);
	if (mount->gid)
		buf_putf(out, ",gid=%u", mount->gid);
	if (mount->required)
		buf_put(out, ",required");
	if (mount->read_only != kind->read_only)
		buf_put(out, mount->read_only ? ",ro" : ",rw");
}
