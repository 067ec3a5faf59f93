#!/bin/sh
# {{title}}: a worker of Lithops, which takes its calls from the queue at $AMQP_URL.
exec singularity run --writable-tmpfs \
	--env "AMQP_URL=${AMQP_URL:?amqp://USER:PASSWORD@HOST:5672}"{{env_options}} \
	"docker://{{image}}"{{args_words}}
