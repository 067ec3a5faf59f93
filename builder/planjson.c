// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/mountargs.h"
#include "builder/plan.h"
#include "builder/quote.h"
#include "builder/survey.h"

/* A plan for people and programs: one line a step, and the JSON document of `build --plan`. */

static void describe_copy(struct buf *out, const struct step *step)
{
	const struct step_copy *c = &step->copy;
	const struct {
		const char *name, *value;
	} flags[] = { { "from", c->from },
		      { "chown", c->chown },
		      { "chmod", c->chmod },
		      { "checksum", c->checksum } };

	buf_put(out, c->is_add ? "add" : "copy");
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (flags[i].value && *flags[i].value)
			buf_putf(out, " --%s=%s", flags[i].name, flags[i].value);
	}
	if (c->link)
		buf_put(out, " --link");
	if (c->parents)
		buf_put(out, " --parents");
	if (c->has_keep_git_dir)
		buf_putf(out, " --keep-git-dir=%s", c->keep_git_dir ? "true" : "false");
	if (c->has_unpack)
		buf_putf(out, " --unpack=%s", c->unpack ? "true" : "false");
	for (size_t i = 0; i < c->exclude_count; i++)
		buf_putf(out, " --exclude=%s", c->excludes[i]);
	for (size_t i = 0; i < c->source_count; i++)
		buf_putf(out, " %s", c->sources[i]);
	for (size_t i = 0; i < c->inline_count; i++) {
		buf_putf(out, " <<%s=", c->inlines[i].name);
		quote_text(out, c->inlines[i].content);
	}
	buf_putf(out, " %s", c->dest);
}

static void describe_run(struct buf *out, const struct step_run *run)
{
	size_t count = 0;

	while (run->argv[count])
		count++;
	buf_put(out, "run ");
	quote_list(out, run->argv, count);
	if (!str_eq(run->cwd, "/"))
		buf_putf(out, " cwd=%s", run->cwd);
	if (*run->user)
		buf_putf(out, " user=%s", run->user);
	if (run->no_network || run->host_network)
		buf_putf(out, " network=%s", run->no_network ? "none" : "host");
	for (size_t i = 0; i < run->mount_count; i++) {
		buf_put(out, " mount=");
		mountargs_describe(out, &run->mounts[i]);
	}
	if (run->script) {
		buf_put(out, " script=");
		quote_text(out, run->script);
	}
}

void plan_describe(struct buf *out, const struct step *step)
{
	AUTO(buf_free) struct buf name = BUF_INIT(64);

	for (const char *c = step->in->spec->name; *c; c++)
		buf_put_byte(&name, (unsigned char)(*c | 0x20));
	if (step->kind == INSTRUCTION_COPY || step->kind == INSTRUCTION_ADD) {
		describe_copy(out, step);
	} else if (step->kind == INSTRUCTION_RUN) {
		describe_run(out, &step->run);
	} else if (step->kind == INSTRUCTION_HEALTHCHECK) {
		buf_putf(out, "healthcheck %s", step->history + strlen("HEALTHCHECK "));
	} else if (step->pairs) {
		buf_put(out, name.ptr);
		for (size_t i = 0; i < step->pair_count; i++)
			buf_putf(out, " %s%s%s", step->pairs[i].key,
				 step->pairs[i].value ? "=" : "",
				 step->pairs[i].value ? step->pairs[i].value : "");
	} else if (step->list) {
		buf_putf(out, "%s ", name.ptr);
		quote_list(out, step->list, step->list_count);
	} else {
		buf_putf(out, "%s %s", name.ptr, step->text ? step->text : "");
	}
}

static json_t *list_json(const char *const *list, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, json_string(list[i]));
	return out;
}

static void set_text(json_t *out, const char *key, const char *value)
{
	if (value)
		json_object_set_new(out, key, json_string(value));
}

static json_t *mount_json(const struct step_mount *m)
{
	bool has_owner = m->kind == MOUNT_CACHE || m->kind == MOUNT_SECRET || m->kind == MOUNT_SSH;
	json_t *out = json_object();

	set_text(out, "type", mountargs_kind_name(m->kind));
	set_text(out, "target", m->target);
	json_object_set_new(out, "readOnly", json_boolean(m->read_only));
	set_text(out, "from", m->from);
	set_text(out, "source", m->source);
	set_text(out, "id", m->id);
	set_text(out, "env", m->env);
	if (m->kind == MOUNT_CACHE)
		set_text(out, "sharing", mountargs_sharing_name(m->sharing));
	if (m->size)
		json_object_set_new(out, "size", json_integer((json_int_t)m->size));
	if (m->required)
		json_object_set_new(out, "required", json_true());
	if (has_owner) {
		json_object_set_new(out, "mode", json_integer(m->mode));
		json_object_set_new(out, "uid", json_integer(m->uid));
		json_object_set_new(out, "gid", json_integer(m->gid));
	}
	return out;
}

static json_t *mounts_json(const struct step_run *run)
{
	json_t *out = json_array();

	for (size_t i = 0; i < run->mount_count; i++)
		json_array_append_new(out, mount_json(&run->mounts[i]));
	return out;
}

static json_t *step_json(const struct step *step, bool needs_matter)
{
	AUTO(buf_free) struct buf text = BUF_INIT(32 * MIB);
	const char *needs = plan_step_needs_base(step);
	json_t *out = json_object();
	size_t argc = 0;

	plan_describe(&text, step);
	json_object_set_new(out, "line", json_integer(step->in->place.line));
	json_object_set_new(out, "instruction", json_string(step->in->spec->name));
	json_object_set_new(out, "text", json_string(text.ptr));
	if (step->history)
		json_object_set_new(out, "createdBy", json_string(step->history));
	json_object_set_new(out, "layer", json_boolean(step->has_layer));
	if (needs && needs_matter)
		json_object_set_new(out, "needsBaseFiles", json_string(needs));
	if (step->kind == INSTRUCTION_RUN) {
		while (step->run.argv[argc])
			argc++;
		json_object_set_new(out, "argv", list_json(step->run.argv, argc));
		json_object_set_new(out, "cwd", json_string(step->run.cwd));
		json_object_set_new(out, "user", json_string(step->run.user));
		json_object_set_new(out, "network",
				    json_string(step->run.no_network     ? "none"
						: step->run.host_network ? "host"
									 : "default"));
		if (step->run.mount_count)
			json_object_set_new(out, "mounts", mounts_json(&step->run));
	}
	if (step->kind == INSTRUCTION_COPY || step->kind == INSTRUCTION_ADD) {
		json_object_set_new(out, "sources",
				    list_json(step->copy.sources, step->copy.source_count));
		json_object_set_new(out, "destination", json_string(step->copy.dest));
		if (step->copy.from)
			json_object_set_new(out, "from", json_string(step->copy.from));
	}
	if (step->unset) {
		json_t *unset = json_array();

		for (size_t i = 0; i < step->unset->len; i++)
			json_array_append_new(unset, json_string(step->unset->items[i]));
		json_object_set_new(out, "unset", unset);
	}
	return out;
}

static json_t *stage_json(struct plan *p, size_t index)
{
	const struct plan_stage *s = &p->stages[index];
	json_t *out = json_object();

	json_object_set_new(out, "stage", json_integer((json_int_t)index));
	if (s->name)
		json_object_set_new(out, "name", json_string(s->name));
	json_object_set_new(out, "line", json_integer(s->from->place.line));
	if (s->base_stage != SIZE_MAX)
		json_object_set_new(out, "fromStage", json_integer((json_int_t)s->base_stage));
	else if (s->base_context)
		json_object_set_new(out, "fromContext", json_string(s->base_context->name));
	else
		json_object_set_new(out, "from", json_string(s->base));
	json_object_set_new(out, "platform", json_string(platform_format(&s->platform).text));
	return out;
}

/* The document under way: the stage that steps are added to. */
struct document {
	struct plan *plan;
	json_t *stages;
	json_t *steps;
};

static void begin_stage(void *arg, size_t stage, const struct scope *scope)
{
	struct document *d = arg;
	json_t *out = stage_json(d->plan, stage);

	(void)scope;
	d->steps = json_array();
	json_object_set_new(out, "steps", d->steps);
	json_array_append_new(d->stages, out);
}

static bool add_step(void *arg, const struct survey_step *step, struct err *err)
{
	struct document *d = arg;
	json_t *out = step_json(step->step, !d->plan->stages[step->stage].is_scratch);

	(void)err;
	if (step->is_trigger)
		json_object_set_new(out, "trigger", json_true());
	json_array_append_new(d->steps, out);
	return true;
}

bool plan_json(json_t **out, struct plan *p, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	struct document d = { .plan = p, .stages = json_array() };
	struct survey survey = { .plan = p, .step = add_step, .stage = begin_stage, .arg = &d };
	json_t *unused = json_array();

	json_object_set_new(doc, "dockerfile", json_string(p->file->name));
	json_object_set_new(doc, "platform",
			    json_string(platform_format(&p->request->platform).text));
	json_object_set_new(doc, "target", json_integer((json_int_t)p->target));
	json_object_set_new(doc, "stages", d.stages);
	json_object_set_new(doc, "unused", unused);
	for (size_t i = 0; i < p->stage_count; i++) {
		if (!p->stages[i].used)
			json_array_append_new(unused, json_string(plan_stage_label(p, i)));
	}
	if (!survey_run(&survey, err))
		return false;
	*out = STEAL(doc);
	return true;
}
