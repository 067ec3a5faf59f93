# rows 41 44: SHELL
# format: docker
FROM localhost/base
SHELL ["/bin/sh", "-e", "-c"]
RUN echo "$-" >/flags
CMD run
ENTRYPOINT entry
