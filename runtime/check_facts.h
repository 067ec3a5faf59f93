// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_CHECK_FACTS_H
#define RUNTIME_CHECK_FACTS_H

#include "runtime/check.h"
#include "runtime/contents.h"

/* A check at work: what the rules ask. Only for runtime/check*.c. */

/* Hands out the image's layers, and remembers which. */
struct check_gate {
	struct blob_source source; /* first: it is what readers hold */
	struct blob_source *from;
	struct store *store;
	struct str_list *read;
	bool local, refused; /* a layer was asked for that is not here */
};

struct rule_check {
	const struct check_request *req;
	struct check_report *report;
	const struct check_rule *rule; /* the one that runs */
	struct check_gate gate;
	bool is_open;
	struct contents contents;
	char *python;           /* "3.11"; NULL: no interpreter was found, or none belongs in it */
	char *interpreter;      /* its path, links followed; NULL */
	char *site;             /* where the backend's packages go, canonical; "" is the root */
	char *handler;          /* the entry point's path; NULL: the backend has none */
	struct str_list search; /* sys.path as far as it is known, canonical paths */
};
void check_close(struct rule_check *c);

/* What the running rule found. */
void check_say(struct rule_check *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Must be called before contents, python ... search are looked at. */
MUST_CHECK bool check_open(struct rule_check *c, struct err *err);

/* The image's Env has it; NULL: not. Zips: NULL. */
const char *check_env(const struct rule_check *c, const char *name);
/* The program a word of a command means, by PATH; NULL: there is none. *path_out (may be NULL) is
 * where it really is. */
MUST_CHECK bool check_program(const struct entry **out, char **path_out, const struct rule_check *c,
			      const char *word, struct err *err);
/* Entrypoint and Cmd together, as they are started. */
void check_command(struct str_list *out, const struct rule_check *c);
/* The platform the code is for; false: the backend has several and none was named. */
bool check_platform(struct platform *out, const struct rule_check *c);

bool check_is_image(const struct backend *b);
bool check_is_zip(const struct backend *b); /* of code, or a layer */

/* Rules, by what they look at. */
typedef bool check_fn(struct rule_check *c, struct err *err);
check_fn rule_manifest_single, rule_manifest_type, rule_config_type, rule_layer_type,
	rule_layer_foreign, rule_layer_count, rule_history, rule_size_packed, rule_size_unpacked,
	rule_platform, rule_user, rule_user_known, rule_port, rule_environment, rule_read_only,
	rule_baked_hidden;
check_fn rule_python_found, rule_python_version, rule_module_abi, rule_interpreter_machine,
	rule_module_machine, rule_lithops_found, rule_lithops_version, rule_lithops_twice,
	rule_shadows_stdlib, rule_shadows_package;
check_fn rule_entry_point, rule_command_set, rule_command_found, rule_command_executable,
	rule_command_interpreter, rule_files_readable, rule_baked_function, rule_layer_root,
	rule_zip_in_zip, rule_zip_files, rule_zip_packages;

#endif
