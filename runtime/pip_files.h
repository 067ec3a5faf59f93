// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_PIP_FILES_H
#define RUNTIME_PIP_FILES_H

#include "base/str.h"
#include "layers/entry.h"

/*
 * Requirements files for a pip that runs in an image: the user's, and those that they name by -r
 * and -c, laid out as they lie beside each other on this machine. Their bytes are not changed, so
 * hashes, markers and options are pip's own to read.
 *
 *	NUMBER/requirements.txt          the first file asked for is 1
 *	NUMBER/sub/more.txt
 */
struct pip_files {
	struct entry_list entries; /* sorted, with parents */
	struct str_list paths;     /* of the files that were asked for, in their order */
	bool hashed;               /* a line has --hash, or asks for them: pip wants them of all */
	char *identity;            /* of all bytes and paths */
};

/*
 * E_UNSUPPORTED with the place for what such a pip could not follow: a file above the folder of
 * the one asked for, a path of this machine, a variable of this shell, a lock file; and for a
 * password in a URL, which would stay in a layer. E_NOT_FOUND and E_INPUT as of reading them.
 */
MUST_CHECK bool pip_files_read(struct pip_files *out, const struct str_list *files,
			       struct err *err);
void pip_files_free(struct pip_files *f);

#endif
