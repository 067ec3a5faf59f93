# rows 37 38: ENV beats ARG; what an ARG reaches
# options: --build-arg BOTH=cli --build-arg GIVEN=cli --build-arg NOT_DECLARED=cli --build-arg GLOBAL=cli
ARG GLOBAL=default
ARG ALSO=also-${GLOBAL}
FROM localhost/base AS first
ENV BOTH=env
ARG BOTH=arg
ARG GIVEN=arg
ARG DEFAULT=${BOTH}-$GIVEN
ARG WITHOUT
ARG GLOBAL
ARG ALSO
RUN echo "$BOTH|$GIVEN|$DEFAULT|${WITHOUT-unset}|$GLOBAL|$ALSO|$NOT_DECLARED" >/args
LABEL args="$BOTH|$GIVEN|$DEFAULT|$WITHOUT|$GLOBAL|$ALSO|$NOT_DECLARED"
FROM localhost/base
COPY --from=first /args /args
RUN echo "$GIVEN|$GLOBAL|$DEFAULT" >/none
