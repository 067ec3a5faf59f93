# row 50: --target
# options: --target two
FROM localhost/base AS one
RUN echo one >/one
FROM one AS two
RUN echo two >/two
FROM two AS three
RUN exit 1
