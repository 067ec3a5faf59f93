# rows 49 50: names of stages, those nobody needs
FROM localhost/base AS one
RUN echo one >/one
FROM localhost/never-there AS unused
COPY nothing-there /
FROM localhost/base AS two
COPY --from=one /one /from-one
COPY --from=0 /one /from-zero
FROM two
COPY --from=two /from-one /again
