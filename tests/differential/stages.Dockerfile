# rows 49 50: names of stages, those nobody needs
ARG WHICH=two
FROM localhost/base AS One
RUN echo one >/one
FROM localhost/never-there AS unused
COPY nothing-there /
FROM localhost/base AS two
COPY --from=one /one /from-one
COPY --from=0 /one /from-zero
FROM $WHICH
COPY --from=ONE /one /upper
