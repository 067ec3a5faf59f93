# row 25: names of one file inside one COPY, and not across two
FROM localhost/base
COPY dir /tree
COPY dir/a /single
COPY dir/a dir/hard /both/
RUN ln /single /second && ln /tree/a /tree/third
