# facts 1.2, rows 55 63: mounts leave nothing
FROM localhost/base AS first
RUN echo secret >/file
FROM localhost/base
WORKDIR /work
RUN --mount=type=bind,target=/mnt/ctx cat /mnt/ctx/two.txt >/two
RUN --mount=type=bind,source=dir,target=/mnt/dir ls /mnt/dir | sort >/dir
RUN --mount=type=bind,from=first,source=/file,target=/mnt/f cat /mnt/f >/f
RUN --mount=type=tmpfs,target=/scratch echo x >/scratch/x
RUN --mount=type=cache,target=/var/cache/c echo x >/var/cache/c/x
