# facts 1.4: arguments in FROM, their defaults and forms
# options: --build-arg NAME=base --build-arg EMPTY=
ARG HOST=localhost
ARG NAME
ARG EMPTY=not
ARG UNSET
ARG WHOLE=${HOST}/${NAME:-missing}
FROM ${WHOLE}${EMPTY:+:wrong}${UNSET:+:wrong} AS first
ARG HOST
ARG NAME=other
ARG EMPTY
ARG LATE=${NAME}-${HOST}
LABEL host=$HOST name=$NAME empty="[$EMPTY]" late=$LATE unset="[${UNSET:-none}]"
FROM $HOST/"base" AS second
LABEL host="[$HOST]"
FROM first
LABEL again=$LATE
COPY --from=second /opt/file /copied
