# row 22: --chown beats the archive's owners
FROM localhost/base
ADD --chown=worker:sys archives/plain.tar /plain
