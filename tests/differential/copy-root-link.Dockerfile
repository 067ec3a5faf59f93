# row 10: an absolute link in the context begins at the context
FROM localhost/base
COPY root-link /tree
