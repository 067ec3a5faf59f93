# row 47: configuration comes by FROM alone
FROM localhost/base AS files
LABEL files=yes
ENV FILES=yes
USER worker
FROM localhost/base AS parent
LABEL parent=yes
ENV PARENT=yes
EXPOSE 1
FROM parent
COPY --from=files /etc/passwd /copied
