// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_BACKEND_H
#define TEMPLATES_BACKEND_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "templates/files.h"

/*
 * A backend as data: one file templates/<dir>/backend.yaml, read by a shape table. Its `variants`
 * become rows of their own ("knative:conda"). Text may hold {{placeholders}}, see
 * templates/render.h. Members that are NULL or 0 are not said in the file.
 */
struct backend_layout { /* where wheels go; python/wheels.h has the same */
	const char *site, *scripts, *data, *headers, *interpreter;
};

struct backend_handler {        /* Lithops and its entry point; entry NULL: none */
	const char *entry;      /* the entry point's path in the lithops package */
	const char *as;         /* its path in the artifact: below workdir, or in the zip */
	const char *zip;        /* the file Lithops makes for its own Dockerfiles to copy */
	const char *zip_as;     /* the entry point's name in that; NULL: as `as` */
	const char *site;       /* where the lithops package goes; NULL: beside `as` */
	struct json_list files; /* const char *: empty files to make beside it */
};

/* A text beside backend.yaml that goes into a function zip, its placeholders filled. */
struct backend_zip_file {
	const char *path, *from; /* "lithops_handler/function.json", "function.json" */
};

/* What files of a function zip depend on beside the packages: keys of Lithops' configuration.
 * {{KEY}} is the value, and a section {{#KEY_VALUE}} (letters and digits of it alone) stays for one
 * of `values`. */
struct backend_zip_setting {
	const char *name;
	struct json_list values; /* const char *: the choices, the first by default; empty: text */
};

/* A function zip: the handler, the files and, unless the platform installs them, the packages at
 * layout.site; `name` NULL: the backend's artifact is no function zip. */
struct backend_zip {
	const char *name;            /* of the file, as Lithops calls it; may hold {{runtime}} */
	struct json_list installers; /* const char *: who can install the packages, the first by
					default: "wheels" (they are in the zip), "pip" (the
					platform, by `requirements`) */
	const char *requirements;    /* that file's path */
	struct json_list settings;   /* struct backend_zip_setting */
	struct json_list files;      /* struct backend_zip_file */
	int64_t packed_max;          /* bytes of the zip; 0: no limit known */
};

/* MB of memory, seconds of time: what the platform takes. */
struct backend_limit {
	int64_t def, min, max, step;
	struct json_list options; /* int64_t: these alone */
};

/* A size of processor and the memory it takes, MB; max 0: any. */
struct backend_cpu {
	const char *cpu; /* "0.25" */
	int64_t min, max, step;
};

/* A value of the descriptor that only the user knows, a key of Lithops' configuration where it has
 * one: --setting. */
struct backend_setting {
	const char *name;
	const char *def;  /* NULL: must be said; "": may be left out */
	const char *what; /* in one line; NULL: the name says it */
};

/* What the platform takes to run the artifact (runtime/deployment.h); file NULL: nothing. */
struct backend_descriptor {
	const char *file;        /* beside backend.yaml: descriptor.json, .yaml, .sh or .service */
	const char *apply;       /* the command that takes it */
	int64_t name_max;        /* characters of a name there; 0: 63, a DNS label's */
	bool name_words;         /* upper case and _ may be in it, too */
	const char *pull_secret; /* its name when the registry is private; NULL: none unless said */
	const char *registry;    /* what the image's reference must have in it; NULL: anything */
	struct json_list cpus; /* struct backend_cpu: the first that takes the memory is default */
	struct json_list settings; /* struct backend_setting */
};

struct backend_naming {   /* templates/naming.h */
	const char *def;  /* the runtime's name when the user gives none */
	const char *rule; /* how the reference Lithops pushes comes from a runtime's name */
};

struct backend {
	const char *name; /* "aws_lambda", "aws_lambda:layer", "knative:conda" */
	const char *title;
	/* What is made: "image"; "layer", "zip" (of AWS Lambda's packages, of code); "sif" and
	 * "vm", an image and what its platform takes of it; "host": nothing. */
	const char *artifact;
	const char *variant;          /* "conda"; NULL: the backend itself */
	const char *directory;        /* below templates/ or the user's */
	const json_t *document;       /* the whole row, as its file would say it without variants */
	struct json_pairs sources;    /* member -> where it is from; "default" for all others */
	const char *section;          /* of Lithops' configuration */
	struct json_list config_keys; /* const char *: what a user must set there */
	struct json_pairs config;     /* and what this row's name decides there */
	struct backend_naming naming;
	const char *base;             /* image reference; NULL for zips */
	struct json_list pythons;     /* const char * */
	struct json_list old_pythons; /* of old clients alone; templates/release.h */
	const char *default_python;
	struct json_list platforms;
	struct json_list formats; /* "oci", "docker" */
	struct json_list compressions;
	bool single_manifest;
	int64_t packed_max, unpacked_max; /* bytes; 0: no limit known */
	struct backend_limit memory, timeout;
	struct json_pairs libc;    /* python, or "all" -> libc of the platform's or base's own */
	struct json_list packages; /* const char *: requirements */
	struct json_list system_packages; /* of Debian */
	const char *system_probe;         /* a shell test that they are there already */
	struct json_list setup;           /* shell commands, as root, before packages */
	struct json_pairs downloads;      /* path -> URL */
	struct json_pairs environment;    /* $NAME is the base's */
	const char *pip;                  /* NULL: pip */
	const char *workdir, *user;
	int64_t port;
	json_t *entrypoint, *command; /* a list, or text for a shell; NULL: none */
	struct backend_layout layout; /* site NULL: the official Python images' */
	struct backend_handler handler;
	struct backend_zip zip;
	struct backend_descriptor descriptor;
};

/* All of them, sorted by name; made by templates/table.h. Zero is empty. */
struct backend_table {
	struct backend *items;
	size_t len, cap;
	struct template_files files;
	json_t *documents; /* what the items point into */
	struct arena arena;
};
void backend_table_free(struct backend_table *t);

/* E_USAGE with "did you mean", or what there is. */
MUST_CHECK bool backend_find(const struct backend **out, const struct backend_table *t,
			     const char *name, struct err *err);

/* E_USAGE for one that nothing is built for: it is this machine. */
MUST_CHECK bool backend_check_built(const struct backend *b, struct err *err);
/* It is built from a Dockerfile. */
bool backend_is_image(const struct backend *b);
/* `python` NULL: the default; E_USAGE when the backend has no such Python. */
MUST_CHECK bool backend_python(const char **out, const struct backend *b, const char *python,
			       struct err *err);
MUST_CHECK bool backend_check_platform(const struct backend *b, const char *platform,
				       struct err *err);
/* The C library of its default base for a Python, or of the platform. */
const char *backend_libc(const struct backend *b, const char *python);
/* The layout, or the default one. */
struct backend_layout backend_layout(const struct backend *b);

#endif
