# rows 16 17: USER and owners by variables
FROM localhost/base
ARG U=worker
ARG G=0
COPY --chown=$U one.txt /a
COPY --chown=${U}:${G} one.txt /b
COPY --chown=${NONE:-1000}:$G dir /c
USER $U:$G
RUN id -u >/tmp/u && id -g >/tmp/g
COPY one.txt /tmp/d
WORKDIR /made
USER ${NONE:-1234}
RUN id -u >/tmp/n
