# row 20: with --keep-times files and links have their own times
# ours: --keep-times
# times
FROM localhost/base
COPY one.txt /one.txt
COPY modes/all /modes/all
ADD archives/plain.tar /plain
RUN touch -d @1111111111 /home/made && rm /usr/share/doc/readme && touch -d @1222222222 /usr/share/doc /home
