// SPDX-License-Identifier: Apache-2.0
#include "builder/apply.h"

#include <string.h>

#include "base/mem.h"

/* Steps as changes of the image configuration (facts/dockerfile.md rows 34, 35, 40-45, 67). */

static void ensure_path(struct config *c)
{
	if (!config_env(c, "PATH"))
		config_set_env(c, "PATH", SCOPE_DEFAULT_PATH);
}

void apply_scratch(struct config *c)
{
	config_set_text(c, "WorkingDir", "/");
	ensure_path(c);
}

void apply_base(struct config *c)
{
	config_set_member(c, "OnBuild", NULL);
	ensure_path(c);
}

static json_t *list_json(const char *const *list, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *text = json_string(list[i]);

		/* what is no UTF-8 cannot be said in JSON */
		json_array_append_new(out, text ? text : json_string("\xef\xbf\xbd"));
	}
	return out;
}

/* Volumes and ports are objects whose members count and whose values do not. */
static void add_members(struct config *c, const char *key, const struct step *step)
{
	json_t *old = config_member(c, key);
	json_t *all = json_is_object(old) ? json_deep_copy(old) : json_object();

	for (size_t i = 0; i < step->list_count; i++)
		json_object_set_new(all, step->list[i], json_object());
	config_set_member(c, key, all);
}

static void put_number(json_t *object, const char *key, int64_t value)
{
	if (value)
		json_object_set_new(object, key, json_integer(value));
}

static void set_health(struct config *c, const struct step_health *h)
{
	json_t *health = json_object();

	json_object_set_new(health, "Test", list_json(h->test, h->test_count));
	put_number(health, "Interval", h->interval);
	put_number(health, "Timeout", h->timeout);
	put_number(health, "StartPeriod", h->start_period);
	put_number(health, "StartInterval", h->start_interval);
	put_number(health, "Retries", h->retries);
	config_set_member(c, "Healthcheck", health);
}

static void add_trigger(struct config *c, const char *text)
{
	json_t *old = config_member(c, "OnBuild");
	json_t *all = json_is_array(old) ? json_deep_copy(old) : json_array();

	json_array_append_new(all, json_string(text));
	config_set_member(c, "OnBuild", all);
}

static void set_command(struct config *c, const char *key, const struct step *step)
{
	config_set_member(c, key,
			  step->list_count ? list_json(step->list, step->list_count) : NULL);
}

void apply_step(struct config *c, const struct step *step, bool entrypoint_keeps_cmd)
{
	switch (step->kind) {
	case INSTRUCTION_ENV:
		for (size_t i = 0; i < step->pair_count; i++)
			config_set_env(c, step->pairs[i].key, step->pairs[i].value);
		break;
	case INSTRUCTION_LABEL:
		for (size_t i = 0; i < step->pair_count; i++)
			config_set_label(c, step->pairs[i].key, step->pairs[i].value);
		break;
	case INSTRUCTION_CMD:
		set_command(c, "Cmd", step);
		config_set_member(c, "ArgsEscaped", json_true());
		break;
	case INSTRUCTION_ENTRYPOINT:
		set_command(c, "Entrypoint", step);
		if (!entrypoint_keeps_cmd)
			config_set_member(c, "Cmd", NULL);
		break;
	case INSTRUCTION_EXPOSE:
		add_members(c, "ExposedPorts", step);
		break;
	case INSTRUCTION_VOLUME:
		add_members(c, "Volumes", step);
		break;
	case INSTRUCTION_HEALTHCHECK:
		set_health(c, &step->health);
		break;
	case INSTRUCTION_MAINTAINER:
		json_object_set_new(c->doc, "author", json_string(step->text));
		break;
	case INSTRUCTION_ONBUILD:
		add_trigger(c, step->text);
		break;
	case INSTRUCTION_SHELL:
		set_command(c, "Shell", step);
		break;
	case INSTRUCTION_STOPSIGNAL:
		config_set_text(c, "StopSignal", step->text);
		break;
	case INSTRUCTION_USER:
		config_set_text(c, "User", step->text);
		break;
	case INSTRUCTION_WORKDIR:
		config_set_text(c, "WorkingDir", step->text);
		break;
	case INSTRUCTION_ADD:
	case INSTRUCTION_ARG:
	case INSTRUCTION_COPY:
	case INSTRUCTION_FROM:
	case INSTRUCTION_RUN:
		break;
	}
}

void apply_history(struct config *c, const struct step *step, int64_t created,
		   const struct digest *diff_id)
{
	struct history_entry entry = { .created = created,
				       .created_by = step->history,
				       .comment = "buildkit.dockerfile.v0" };

	if (step->history)
		config_append(c, &entry, diff_id);
}
