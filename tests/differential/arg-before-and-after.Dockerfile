# row 38: an ARG has no value before its line
FROM localhost/base
LABEL before=$LATE-
ARG LATE=here
LABEL after=$LATE-
ARG LATE=again
LABEL last=$LATE-
RUN echo $LATE >/late
