# row 19: modes are those on disk
FROM localhost/base
COPY modes /modes
COPY modes/suid modes/none /files/
ADD modes /added
