# row 45: a signal as number; USER as numbers
FROM localhost/base
STOPSIGNAL 9
USER 12:34
