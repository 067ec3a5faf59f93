// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "builder/apply.h"
#include "builder/interpret.h"

/* Each instruction of a Dockerfile onto a base's configuration, which stays one. */
static bool interpret(struct config *c, struct scope *s, const struct dockerfile *file)
{
	struct digest layer = digest_of("layer", 5);
	struct err err = { 0 };

	for (size_t i = 0; i < file->instruction_count; i++) {
		struct step step;

		if (!verdict(interpret_step(&step, s, file, &file->instructions[i], &err), &err))
			return false;
		apply_step(c, &step, false);
		apply_history(c, &step, 1, step.has_layer ? &layer : NULL);
	}
	return true;
}

/* A configuration, then a Dockerfile without FROM. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	struct slice raw = next_part(&rest);
	AUTO(auto_free) char *text = mem_printf("FROM scratch\n%.*s", (int)rest.len, rest.ptr);
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(dockerfile_free) struct dockerfile file = { 0 };
	AUTO(config_free) struct config config = { 0 };
	AUTO(config_free) struct config again = { 0 };
	AUTO(scope_globals_free) struct scope_globals globals = { 0 };
	AUTO(scope_free) struct scope scope = { 0 };
	AUTO(auto_free) char *encoded = NULL;
	struct platform platform = { .os = "linux", .architecture = "amd64" };
	struct err err = { 0 };
	size_t encoded_len;

	if (!verdict(config_parse(&config, raw.ptr, raw.len, &err), &err) ||
	    !verdict(dockerfile_parse(&file, "Dockerfile", text, strlen(text), &err), &err))
		return 0;
	file.instructions++;
	file.instruction_count--;
	config_repair_history(&config);
	scope_globals_init(&globals, NULL, &platform, "");
	scope_init(&scope, &globals, &config, &arena);
	apply_base(&config);
	if (!interpret(&config, &scope, &file))
		return 0;
	encoded = config_encode(&config, &encoded_len);
	assert(config_parse(&again, encoded, encoded_len, &err));
	assert(!config_repair_history(&again));
	return 0;
}
