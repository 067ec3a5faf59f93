# row 17 and facts 1.4: variables in --chown, sources and destinations
# options: --build-arg WHO=worker
FROM localhost/base
ARG WHO
ARG UNSET
ENV DIR=/some/where FILE=one
COPY --chown=$WHO:${GROUP:-extra} $FILE.txt $DIR/a
COPY ${FILE}.txt ${DIR}/${UNSET:-b}
ADD --chown=${WHO}:sys ${FILE}.txt $DIR/c
WORKDIR $DIR
COPY $FILE.txt "quoted-$WHO"
