#!/bin/sh
# shellcheck disable=SC1083 # what is in double braces is filled in
# {{title}}: a worker of Lithops, which takes its calls from the queue at $AMQP_URL.
exec singularity run --writable-tmpfs \
	--env "AMQP_URL=${AMQP_URL:?amqp://USER:PASSWORD@HOST:5672}"{{env_options}} \
	"docker://{{image}}"{{args_words}}
