// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/*
 * Every maximum in the program, each with its reason. A limit that is passed is
 * reported by its name and figure. Sizes are bytes unless the name says more.
 */

#define KIB (1024)
#define MIB (1024 * 1024)
#define GIB (1024LL * 1024 * 1024)

enum {
	/* Documents of registries and layouts: distribution's own limit is 4 MiB. */
	LIMIT_MANIFEST = 4 * MIB,
	LIMIT_CONFIG = 4 * MIB,
	LIMIT_INDEX_JSON = 64 * MIB, /* our own store's index.json grows with its images */
	LIMIT_TOKEN_ANSWER = 1 * MIB,
	LIMIT_SIGNED_BODY = 64 * KIB, /* calls of AWS's control planes, held in memory */
	LIMIT_ERROR_BODY = 64 * KIB,  /* read; at most ERR_MSG_MAX of it is shown */
	LIMIT_HTTP_HEADERS = 64 * KIB,
	LIMIT_REDIRECTS = 5,
	LIMIT_RETRIES = 5,
	LIMIT_RETRY_AFTER_S = 60,
	LIMIT_CONNECT_S = 10,
	LIMIT_STALL_S = 30,  /* under 1 KiB/s for this long */
	LIMIT_REPLY_S = 300, /* for the answer to an upload, at a second per MiB: object stores copy
				on commit */
	LIMIT_URL = 16 * KIB, /* signed URLs of object stores reach 4 KiB */
	/* Uploads: what a break costs at most, against a round trip for each chunk. */
	LIMIT_SINGLE_PUT = 64 * MIB, /* larger blobs go in chunks */
	LIMIT_CHUNK = 32 * MIB,
	LIMIT_CHUNK_MIN = 1 * 1024 * MIB, /* the largest OCI-Chunk-Min-Length that is obeyed */
	LIMIT_CHUNK_LEAST = 64 * KIB,     /* proxies that refuse even this refuse manifests too */
	/* A layer that gets larger goes up while it is being made, in chunks no smaller: less is
	 * sent in a moment anyway. */
	LIMIT_STREAM_LEAST = 16 * MIB,
	LIMIT_UPLOAD_TRIES = 16, /* of one blob: ways and sessions */
	/* A download that breaks must have moved this far, else it counts as another failure in a
	 * row: a server that gives a byte for each connection is not waited for. */
	LIMIT_RESUME_PROGRESS = 256 * KIB,
	LIMIT_PARTIAL_MIN = 256 * KIB,         /* smaller downloads are not kept across runs */
	LIMIT_PARTIAL_AGE_S = 7 * 24 * 3600,   /* registries drop upload sessions after a week */
	LIMIT_STRATEGY_AGE_S = 30 * 24 * 3600, /* proxies get reconfigured */
	/* A blob up to this size is sent rather than asked for where asking is another request:
	 * a round trip of 50 ms carries as much at 40 Mbit/s. */
	LIMIT_UNASKED = 256 * KIB,
	/* A program that gives credentials may ask a person: $RTBUILD_HELPER_TIMEOUT, up to an
	   hour. */
	LIMIT_HELPER_S = 60,
	LIMIT_HELPER_MOST_S = 3600,
	LIMIT_LOGINS = 100, /* one after the other, as they expire: a day of the shortest there are,
			       15 minutes of an AWS session */
	LIMIT_PARALLEL_TRANSFERS = 6, /* docker's and skopeo's habit; registries limit beyond it */

	LIMIT_PARALLEL_CELLS = 8, /* of a matrix unasked: each uses all processors by itself */

	LIMIT_JSON_DEPTH = 64, /* no OCI document nests deeper than 8 */
	LIMIT_LAYERS = 500,    /* overlayfs mounts at most 500 lower directories */
	LIMIT_INDEX_ENTRIES = 2000,
	LIMIT_INDEX_DEPTH = 2,
	LIMIT_ARCHIVE_MEMBERS =
		100000,       /* of image archives: a blob is one, real ones have hundreds */
	LIMIT_TAGS = 1000000, /* of one repository */
	LIMIT_TAGS_AT_ONCE =
		40, /* in one PUT: 128 characters each stay below 8 KiB of request line */
	LIMIT_TAG_PAGES = 10000,    /* a server may give one tag a page */
	LIMIT_TAG_PAGE = 16 * MIB,  /* distribution 2.8 sends all tags at once */
	LIMIT_REFERRERS = 2000,     /* signatures, SBOMs and attestations of one image, all told */
	LIMIT_REFERRER_DEPTH = 4,   /* a signature of an SBOM of an image is at 2 */
	LIMIT_SYNC_ENTRIES = 10000, /* repositories in one list */
	LIMIT_SEEN_LAYERS = 4096,   /* of one registry: what some hundred images have */
	LIMIT_JOBS = 64,            /* --jobs: each holds a connection and 300 KiB */

	/* Names inside archives: PATH_MAX less the NUL; NAME_MAX of every Linux file system. */
	LIMIT_PATH = 4095,
	LIMIT_COMPONENT = 255,
	LIMIT_PATH_DEPTH = 256,
	LIMIT_LAYER_MEMBERS = 5000000,
	LIMIT_PAX_HEADER =
		1 * MIB, /* the largest extended header a path, a link and all xattrs need */
	LIMIT_XATTRS = 128,
	LIMIT_XATTR_VALUE = 64 * KIB, /* XATTR_SIZE_MAX */
	LIMIT_XATTR_TOTAL = 1 * MIB,
	LIMIT_ID = 0x7fffffff,   /* uid and gid: above it casts wrap (CVE-2024-40635) */
	LIMIT_GZIP_RATIO = 1100, /* deflate cannot do better than 1032:1 */
	LIMIT_ZSTD_RATIO = 5000,
	LIMIT_RATIO_FREE = 64 * MIB, /* the ratio counts after this many bytes */
	LIMIT_ZSTD_WINDOW_LOG = 27,
	LIMIT_COMPRESS_THREADS =
		8, /* each holds 3 MiB; the hash beside them is slower than eight */
	/* One layer's file list, cached, and its texts in memory: two million members with long
	 * names. */
	LIMIT_FILE_INDEX = 512 * MIB,
	LIMIT_LINKS_FOLLOWED = 40, /* the kernel's own MAXSYMLINKS */
	LIMIT_PASSWD = 1 * MIB,    /* /etc/passwd and /etc/group of an image (CVE-2026-47262) */

	LIMIT_SANDBOX_ARGS =
		6 * MIB, /* argv and environment of a command: the kernel takes at most that */
	LIMIT_SANDBOX_MESSAGE = 16 * MIB, /* arguments, some secrets and the rest */
	LIMIT_SANDBOX_MOUNTS = 1000,
	LIMIT_HOST_NAME = 253,         /* RFC 1035, 2.3.4, as text */
	LIMIT_ADDED_HOSTS = 500,       /* --add-host: with the longest names a file of settings */
	LIMIT_CACHE_INSTANCES = 1000,  /* of one cache: each is a command that runs now */
	LIMIT_SECRET = 500 * KIB,      /* BuildKit's own limit for one secret */
	LIMIT_MOUNTED_FILE = 4 * MIB,  /* a file handed to a command: scripts of Dockerfiles */
	LIMIT_RUNTIME_LOG = 256 * KIB, /* an OCI runtime's own log; the last message is shown */
	LIMIT_PROBE_MS = 20000,        /* a runtime that does not start within this is not used */

	LIMIT_DOCKERFILE = 4 * MIB,
	LIMIT_DOCKERFILE_LINE = 1 * MIB,
	LIMIT_STAGES = 1000,
	LIMIT_PARALLEL_STAGES =
		32, /* a thread each; most of them wait for another or the network */
	LIMIT_INSTRUCTIONS = 20000,
	LIMIT_EXPANSION = 1 * MIB,
	LIMIT_EXPANSION_DEPTH = 64,
	LIMIT_EXPANSION_STEP = 8 * MIB, /* all words of one instruction */
	LIMIT_EXPANSION_STAGE =
		64 * MIB, /* all instructions of a stage: a value can double each line */
	LIMIT_IGNORE_FILE = 1 * MIB,
	LIMIT_IGNORE_PATTERNS = 10000,
	LIMIT_CACHE_RECORDS = 50000, /* keys of one build cache: what LIMIT_MANIFEST can hold */
	LIMIT_GLOB_STEPS = 10000000,
	LIMIT_CONTEXT_FILES = 5000000,

	LIMIT_GIT_REF = 1024,         /* a name: git's own files end at 255 a component */
	LIMIT_GIT_REFS = 1000000,     /* what an old server announces unasked */
	LIMIT_GIT_OBJECTS = 20000000, /* of one pack: twice the Linux kernel's whole history */
	LIMIT_GIT_BLOB = 512 * MIB,   /* libgit2 holds an object in memory; forges end at 100 MiB */
	LIMIT_GIT_PACKS = 50,         /* a mirror with more begins anew */
	LIMIT_GIT_UNUSED_S = 30 * 24 * 3600, /* a mirror that nobody used is dropped */
	LIMIT_GIT_MODULES = 1 * MIB,         /* .gitmodules */
	LIMIT_GIT_MODULES_DEPTH = 10,        /* submodules of submodules */
	LIMIT_GIT_MODULES_COUNT = 1000,

	LIMIT_REQUIREMENTS = 4 * MIB,
	LIMIT_REQUIREMENTS_DEPTH = 20,
	LIMIT_REQUIREMENTS_ENTRIES = 20000,
	LIMIT_REQUIREMENTS_FILES = 1000, /* each may name many others, 20 deep */
	LIMIT_WHEEL_MEMBERS = 65534,     /* of any zip: one more needs zip64 */
	LIMIT_ZIP_DIRECTORY =
		64 * MIB, /* a central directory: 65534 members with names of 1000 bytes */
	LIMIT_WHEEL_RECORD = 64 * MIB,
	LIMIT_WHEEL_METADATA = 4 * MIB,
	LIMIT_ENTRY_POINTS = 2000, /* programs of one wheel: known ones have at most some dozens */
	LIMIT_WHEEL_SCRIPT =
		16 * MIB,            /* one whose #!python line is rewritten; others are streamed */
	LIMIT_PYTHON_VERSION = 1024, /* real ones stay under 100 */
	LIMIT_MARKER_DEPTH = 64,     /* nested parentheses */
	LIMIT_BYTECODE = 256 * MIB,  /* of one module: ten times the largest source taken */
	LIMIT_CHECK_START_MS = 120000, /* for Python's start and `import lithops`, likewise */
	LIMIT_PRECOMPILE_MS = 120000,  /* for one module, on a busy machine */
	LIMIT_INTERPRETER = 64 * MIB,  /* a base image's Python: conda's has 30 MB */
	LIMIT_LIBC = 64 * MIB,         /* its C library: 2 MB, 20 with debug information */
	LIMIT_BASE_MEMO = 4 * KIB,     /* what was found: six short lines */
	LIMIT_ELF_DYNAMIC = 1 * MIB,   /* of a shared object: real ones have a hundred entries */
	LIMIT_ELF_STRINGS = 128 * MIB, /* names of its symbols: the largest C++ ones reach 40 MB */
	LIMIT_ELF_VERSIONS = 1 * MIB,
	LIMIT_TARGET_TAGS = 20000,     /* of one target: 3.14 with glibc 2.41 has 1700 */
	LIMIT_SIMPLE_PAGE = 128 * MIB, /* of a package index: PyPI's largest in JSON are 30 MiB */
	LIMIT_SIMPLE_FILES = 200000,   /* on one page: PyPI's largest have some ten thousand */
	LIMIT_PAGE_FRESH_S = 600,      /* a page is asked for again after what PyPI itself allows */
	LIMIT_PARALLEL_PAGES =
		16, /* small answers, each a round trip; PyPI's take streams of one connection */
	LIMIT_NETRC = 1 * MIB,

	LIMIT_TEMPLATE = 1 * MIB,
	LIMIT_TEMPLATE_FILES = 1000,  /* of one directory or repository: ours has thirty backends */
	LIMIT_SOURCE_FILE = 16 * MIB, /* a function's .py file */
	LIMIT_SINGLE_FILE =
		64 * MIB, /* what one func.pickle brings: a worker loads it whole, each time */
	LIMIT_BY_VALUE_MS = 600 * 1000, /* the user's own file runs: a hang must end some time */
	LIMIT_BAKED_FILES = 20000,      /* of one package: past it, a wrong directory was given */
	LIMIT_HANDLER_ZIP = 64 * MIB,   /* Lithops and its entry point, in memory: 1 MiB today */
	LIMIT_PACKAGE_DEPTH = 64,       /* directories below a package: the walk recurses */
	LIMIT_SETTINGS_FILE = 4 * MIB,  /* config.json, auth.json, yaml settings */
	LIMIT_COMMAND_OUTPUT = 4 * MIB, /* captured from a child */
	LIMIT_QUERY = 1 * MIB,          /* a list of all versions there are of a project */
	LIMIT_TOML = 16 * MIB, /* a pylock.toml of some thousand packages with all their wheels */
	LIMIT_PASSWORD = 64 * KIB,
};

#define LIMIT_LAYER_UNPACKED (64 * GIB)
/* Headers, padding and what follows the end as well: a layer of those alone must end too. */
#define LIMIT_LAYER_TAR (2 * LIMIT_LAYER_UNPACKED)
#define LIMIT_WHEEL_UNPACKED (4 * GIB)
#define LIMIT_BLOB (256 * GIB)
#define LIMIT_GIT_PACK (16 * GIB) /* one commit's files, or a history */
/* One file of the web, a context as a stream: as large as a layer of it may be. */
#define LIMIT_DOWNLOAD LIMIT_LAYER_UNPACKED
/* AWS Lambda: function and all layers unzipped (docs, "Lambda quotas"). */
#define LIMIT_LAMBDA_UNZIPPED 262144000LL
/* A zip in the request itself, before base64; what is larger goes through S3. */
#define LIMIT_LAMBDA_UPLOAD (50LL * 1024 * 1024)

#endif
